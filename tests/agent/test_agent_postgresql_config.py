"""Instances of servers in the agent's configuration: refused with their place, and no place for a password."""

import pytest


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"postgresql": [{"port": 5432}]}', "postgresql[0].name：缺少"),
        ('{"postgresql": [{"name": "a", "password": "geheim"}]}', "postgresql[0].password：不认识的键"),
        ('{"mysql": [{"name": "a", "password": "geheim"}]}', "mysql[0].password：不认识的键"),
        ('{"redis": [{"name": "a", "password": "geheim"}]}', "redis[0].password：不认识的键"),
        ('{"mysql": [{"name": "a"}, {"name": "a"}]}', "mysql：名称 a 重复"),
        ('{"mysql": [{"name": "a", "socket": "mysqld.sock"}]}', "mysql[0].socket：应为绝对路径"),
        ('{"redis": [{"name": "a", "standbys": 1}]}', "redis[0].standbys：不认识的键"),
        ('{"postgresql": [{"name": "a", "standbys": -1}]}', "postgresql[0].standbys：应为 0 到 100"),
        ('{"nginx": [{"name": "a"}]}', "nginx：应为对象"),
        (
            '{"nginx": {"instances": [{"name": "a", "pattern": "("}]}}',
            "nginx.instances[0].pattern：不是正确的正则",
        ),
        (
            '{"nginx": {"instances": [{"name": "a", "pattern": "5.."}]}}',
            "nginx.instances[0].pattern：应有一个括号",
        ),
        ('{"tomcat": [{"name": "a", "url": "http://me:pw@x/"}]}', "tomcat[0].url：网址里不能带用户名和密码"),
    ],
)
def test_slip_in_an_instance_is_refused_with_its_place(run_agent, tmp_path, content, said):
    config = tmp_path / "agent.json"
    config.write_text(content, encoding="utf-8")
    done = run_agent("--config", str(config))
    assert (done.returncode, done.stdout) == (3, b"")
    assert said in done.stderr.decode() and "geheim" not in done.stderr.decode()
