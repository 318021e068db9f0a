"""What the agent writes for Prometheus, read by Prometheus's own parser where it is and by the rules of the format."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from eduops_agent.prometheus import render_labels, render_metrics, write_metrics

GOLDEN = Path(__file__).parents[1] / "golden" / "patrol"
LINE = re.compile(
    r'eduops_[a-z0-9_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?[0-9.e+-]+'
)


def golden():
    return json.loads((GOLDEN / "demo-host.json").read_text())


def list_problems(text):
    """What breaks the text format: a line that is none, a sample without its TYPE above, one that comes twice."""
    problems, seen, typed = [], set(), ""
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            typed = line.split()[2]
        elif not line.startswith("# HELP "):
            name = re.match(r"\w*", line)[0]
            key = line.rsplit(" ", 1)[0]
            if not LINE.fullmatch(line) or name != typed or key in seen:
                problems.append(line)
            seen.add(key)
    return problems


def test_metrics_of_the_golden_document_are_as_the_format_asks():
    text = render_metrics(golden())
    assert list_problems(text) == [] and text.endswith("\n")
    assert "eduops_memory_total_bytes 17179869184\n" in text
    assert 'eduops_cpu_used_ratio{core="0"} 0.4\n' in text
    assert 'eduops_agent_info{version="0.1.0",schema="1"} 1\n' in text
    assert "# TYPE eduops_network_received_bytes_total counter\n" in text


def test_figure_that_was_not_measured_has_no_line():
    document = golden()
    for section in document["probes"]:
        section.update(status="not_checked", data=None)
    text = render_metrics(document)
    assert list_problems(text) == []
    assert "memory" not in text.replace('probe="memory"', "")
    assert 'eduops_probe_up{probe="memory",status="not_checked"} 0\n' in text


def test_labels_are_escaped_and_no_sample_comes_twice():
    assert render_labels({"a": 'x"\\\n', "b": None}) == '{a="x\\"\\\\\\n",b=""}'
    document = golden()
    disks = next(section for section in document["probes"] if section["name"] == "disks")["data"]
    disks["filesystems"] += [dict(disks["filesystems"][0], used_bytes=1)]
    text = render_metrics(document)
    assert list_problems(text) == []
    assert f"{disks['filesystems'][0]['used_bytes']}\n" in text


def test_agent_prints_metrics_of_this_host_and_replaces_the_file(run_agent, python, tmp_path):
    path = tmp_path / "eduops.prom"
    path.write_text("old")
    done = run_agent("--format", "prometheus", "--interval", "0.1", "--prometheus", str(path), python=python)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list_problems(done.stdout.decode()) == []
    assert path.read_bytes() == done.stdout
    assert path.stat().st_mode & 0o777 == 0o644
    assert [entry.name for entry in tmp_path.glob("*prom*")] == ["eduops.prom"]
    total = re.search(r"^MemTotal: +(\d+) kB", Path("/proc/meminfo").read_text())
    assert f"eduops_memory_total_bytes {int(total[1]) * 1024}\n" in done.stdout.decode()
    promtool = shutil.which("promtool")
    if promtool:
        checked = subprocess.run(
            [promtool, "check", "metrics"], input=done.stdout, capture_output=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_file_that_cannot_be_written_is_told_after_the_document(run_agent, tmp_path):
    assert not write_metrics(str(tmp_path / "gone" / "x.prom"), golden())
    done = run_agent("--probe", "memory", "--prometheus", str(tmp_path / "gone" / "x.prom"))
    assert done.returncode == 4 and json.loads(done.stdout)["schema"] == 1
    assert "不能写入指标文件" in done.stderr.decode()
