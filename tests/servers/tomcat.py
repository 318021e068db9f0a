"""A real Tomcat 10 on a headless JVM, with the least of a configuration, run by whoever runs the tests.

By the same account, because a JVM answers jcmd of its own account only.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from servers import account

_HOME = Path("/usr/share/tomcat10")
_SERVER = """<Server port="-1"><Service name="Catalina">
<Connector port="{port}" address="127.0.0.1" maxThreads="10" minSpareThreads="2"/>
<Engine name="Catalina" defaultHost="localhost"><Host name="localhost" appBase="webapps"/></Engine>
</Service></Server>
"""
_FAST = ("-Xmx64m", "-Xss512k", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")
_DEADLOCK = """
public class Deadlock {
    static final Object A = new Object(), B = new Object();
    static final java.util.concurrent.CountDownLatch BOTH = new java.util.concurrent.CountDownLatch(2);
    static void take(Object first, Object second) {
        synchronized (first) {
            BOTH.countDown();
            try { BOTH.await(); } catch (InterruptedException stopped) { return; }
            synchronized (second) { System.out.println("never"); }
        }
    }
    public static void main(String[] words) throws Exception {
        new Thread(() -> take(A, B), "左线程").start();
        new Thread(() -> take(B, A), "右线程").start();
        BOTH.await();
        System.out.println("both");
        Thread.sleep(600000);
    }
}
"""


@dataclass
class Server:
    """A running server."""

    base: Path
    process: "subprocess.Popen[bytes]"
    port: int


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """Starts a server whose files lie in the folder, yields it and stops it."""
    for name in ("conf", "logs", "temp", "webapps", "work"):
        (folder / name).mkdir(parents=True)
    port = account.free_port()
    (folder / "conf" / "server.xml").write_text(_SERVER.format(port=port))
    classes = f"{_HOME}/bin/bootstrap.jar:{_HOME}/bin/tomcat-juli.jar"
    words = [account.find("java"), *_FAST, f"-Dcatalina.home={_HOME}", f"-Dcatalina.base={folder}"]
    words += [f"-Djava.io.tmpdir={folder / 'temp'}", "-cp", classes]
    words += ["org.apache.catalina.startup.Bootstrap", "start"]
    log = folder / "logs" / "out"
    with log.open("wb") as stream:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        account.wait_until(lambda: account.answers(port), process, log)
        yield Server(folder, process, port)
    finally:
        account.end(process)


@contextmanager
def deadlocked(folder: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A JVM two of whose threads wait for each other, its program in the folder."""
    source, log = folder / "Deadlock.java", folder / "log"
    source.write_text(_DEADLOCK, encoding="utf-8")
    words = [account.find("java"), *_FAST, "-Dfile.encoding=UTF-8", source]
    with log.open("wb") as stream:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)
    try:
        account.wait_until(lambda: b"both" in log.read_bytes(), process, log)
        yield process
    finally:
        account.end(process)
