"""What compare.py and limits.py share: the origin, the proxies, the processes and how they are measured.

The machine is split in two: proxies run on core 0, the origin (nginx) and every load program on core 1, all on
loopback. Every process started here is in a group of its own and is ended, by its id, when the Lab closes.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
JAVA = os.environ.get("JAVA", "java")
STANDALONE = os.path.join(ROOT, "samples", "standalone", "target", "standalone.jar")
PEERS = os.path.join(HERE, "peers")
PEERS_BUILT = os.environ.get("PEERS_DIR") or os.path.join(tempfile.gettempdir(), "fairlead-peers")
BENCHMARKS = os.path.join(ROOT, "benchmarks")
ORIGIN_PORT = 18080
PROXY_CORE, LOAD_CORE = "0", "1"
# One set for every JVM proxy, so that no peer wins by its collector.
JVM_OPTIONS = "-Xms256m -Xmx512m -XX:+UseParallelGC"
JVM_PEERS = ("undertow", "vertx", "jetty", "scg", "bare", "guarded", "fairlead")
# Two configurations of Fairlead over the same two targets (two addresses of the origin): what its care for upstreams costs.
POOLS = {
    "bare": {"retry": {"maxAttempts": 1}, "outlierDetection": {"consecutiveLocalOriginFailures": 0}},
    "guarded": {
        "retry": {"on": ["connectFailure", "reset", "timeout", "gatewayError"], "safeMethodStatuses": [500]},
        "outlierDetection": {"consecutive5xx": 5},
        "healthCheck": {"type": "http", "path": "/1k", "interval": "2s"},
        "circuitBreaker": {},
        "targetCircuitBreaker": {},
    },
}
SIZES = (("1k", 1 << 10), ("64k", 64 << 10), ("1m", 1 << 20))


class Failed(Exception):
    """A run that cannot go on; the text is shown without a stack trace."""


def need(*tools):
    missing = [t for t in tools if not shutil.which(t)]
    if missing:
        raise Failed("not installed: " + ", ".join(missing) + " (Debian: apt install nginx haproxy wrk strace)")


def median(values):
    return statistics.median(values) if values else float("nan")


NICE = 0


def prioritise(nice):
    """Gives this run, and all it starts from now on, another priority than its neighbours."""
    global NICE
    NICE = nice
    if nice:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
        try:
            os.setsid()
        except PermissionError:
            pass  # the leader of its group, started from a shell: then the shell's session gets the priority too
        autogroup("self")


def autogroup(pid):
    """Where the kernel groups tasks by session, the priority of a process counts only within its session."""
    if NICE:
        try:
            with open(f"/proc/{pid}/autogroup", "w") as f:
                f.write(str(NICE))
        except OSError:
            pass


class Lab:
    """A temporary folder, the processes that run in it, and the certainty that they are ended."""

    def __init__(self, jvm_options=JVM_OPTIONS, extra=()):
        self.tmp = tempfile.mkdtemp(prefix="fairlead-bench-")
        self.processes = []
        self.jvm_options = jvm_options
        self.ports = {"nginx": 19001, "haproxy": 19002, "undertow": 19004, "vertx": 19005, "jetty": 19006,
                      "scg": 19007, "bare": 19008, "guarded": 19009, "fairlead": 19010}
        self.extra = {}
        for text in extra:
            name, port, command = (text.split("=", 2) + ["", ""])[:3]
            if not (name and port.isdigit() and command):
                raise Failed(f"--extra {text!r} is not NAME=PORT=COMMAND")
            self.ports[name] = int(port)
            self.extra[name] = command

    def __enter__(self):
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        return self

    def __exit__(self, *_):
        # Nothing may interrupt the ending of what was started, a second signal least of all.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for process in reversed(self.processes):
            self.stop(process)
        shutil.rmtree(self.tmp, ignore_errors=True)

    # -- processes ---------------------------------------------------------------------------------------------

    def start(self, name, command, core, **popen):
        """Starts a command on one core; what it prints goes to a file of its own unless popen says otherwise."""
        popen.setdefault("stdout", open(os.path.join(self.tmp, name + ".out"), "w"))
        popen.setdefault("stderr", subprocess.STDOUT)
        process = subprocess.Popen(["taskset", "-c", core, *map(str, command)], start_new_session=True, **popen)
        process.bench_name = name
        autogroup(process.pid)
        self.processes.append(process)
        return process

    def stop(self, process):
        """Ends a process and its children: SIGTERM, then SIGKILL after five seconds."""
        if process in self.processes:
            self.processes.remove(process)
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, number)
                process.wait(patience)
            except (ProcessLookupError, PermissionError):
                return
            except subprocess.TimeoutExpired:
                continue

    def printed(self, name):
        with open(os.path.join(self.tmp, name + ".out"), errors="replace") as f:
            return f.read()

    def wait_port(self, process, port, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if process.poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Failed(f"{process.bench_name} does not listen on {port}:\n{self.printed(process.bench_name)[-3000:]}")

    # -- origin ------------------------------------------------------------------------------------------------

    def start_origin(self):
        """nginx with files of 1 KiB, 64 KiB and 1 MiB, and /sink, which reads a whole body before it answers."""
        free(ORIGIN_PORT)
        www = os.path.join(self.tmp, "www")
        os.makedirs(www)
        os.chmod(self.tmp, 0o755)
        for name, size in SIZES:
            with open(os.path.join(www, name), "wb") as f:
                f.write(os.urandom(size))
        conf = self.write("origin.conf", f"""
{self.nginx_common("origin")}
  sendfile on; tcp_nopush on; open_file_cache max=100; default_type application/octet-stream;
  server {{
    listen 127.0.0.1:{ORIGIN_PORT} backlog=4096;
    listen 127.0.0.2:{ORIGIN_PORT} backlog=4096;
    root {www};
    location /sink {{
      client_max_body_size 0; client_body_timeout 600s;
      proxy_method GET; proxy_set_body ""; proxy_pass http://127.0.0.1:{ORIGIN_PORT}/1k;
    }}
  }}
}}""")
        process = self.start("origin", ["nginx", "-c", conf], LOAD_CORE)
        self.wait_port(process, ORIGIN_PORT)
        return process

    def write(self, name, text):
        path = os.path.join(self.tmp, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def nginx_common(self, name):
        """The part of an nginx configuration that origin and proxy share; it leaves the http block open."""
        t = self.tmp
        user = "user root;" if os.geteuid() == 0 else ""
        return f"""daemon off; {user} worker_processes 1; worker_rlimit_nofile 20000; pid {t}/{name}.pid; error_log {t}/{name}.err;
events {{ worker_connections 19000; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 600;
  client_body_temp_path {t}/{name}-b; proxy_temp_path {t}/{name}-p; fastcgi_temp_path {t}/{name}-f;
  uwsgi_temp_path {t}/{name}-u; scgi_temp_path {t}/{name}-s;"""

    # -- proxies -----------------------------------------------------------------------------------------------

    def command(self, name, origin_port=ORIGIN_PORT, jvm_options=None, streaming=False):
        """The command that starts a proxy. streaming switches off nginx's buffering of whole bodies on disk."""
        port = self.ports[name]
        options = shlex.split(self.jvm_options if jvm_options is None else jvm_options)
        upstream = f"http://127.0.0.1:{origin_port}"
        if name in self.extra:
            return shlex.split(self.extra[name].replace("{origin}", upstream))
        if name == "nginx":
            buffering = "proxy_buffering off; proxy_request_buffering off;" if streaming else ""
            return ["nginx", "-c", self.write("nginx.conf", f"""
{self.nginx_common("nginx")}
  client_max_body_size 0; client_header_timeout 10s; {buffering}
  upstream origin {{ server 127.0.0.1:{origin_port}; keepalive 256; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme; proxy_set_header X-Forwarded-Host $host;
    }}
  }}
}}""")]
        if name == "haproxy":
            return ["haproxy", "-f", self.write("haproxy.cfg", f"""
global
  nbthread 1
  maxconn 12000
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  timeout http-request 10s
  timeout http-keep-alive 600s
  option forwardfor
  http-reuse always
frontend clients
  bind 127.0.0.1:{port} backlog 4096
  default_backend origin
backend origin
  server one 127.0.0.1:{origin_port}
""")]
        if name == "fairlead":
            if not os.path.exists(STANDALONE):
                raise Failed(f"{STANDALONE} is not there: build it with mvn -q -pl samples/standalone -am -DskipTests package")
            return [JAVA, *options, "-jar", STANDALONE, "--listen", f"127.0.0.1:{port}", "--upstream", upstream]
        if name in POOLS:
            pool = {"name": "origin", "targets": [f"http://127.0.0.{i}:{origin_port}" for i in (1, 2)], **POOLS[name]}
            config = {"version": 1, "listeners": [{"host": "127.0.0.1", "port": port}], "pools": [pool],
                      "routes": [{"id": "all", "to": "origin"}]}
            return [JAVA, *options, "-jar", STANDALONE, "--config", self.write(f"{name}.json", json.dumps(config))]
        if name == "undertow":
            return [JAVA, *options, *peer("undertow"), "UndertowPeer", port, upstream]
        if name == "vertx":
            return [JAVA, *options, *peer("vertx"), "VertxPeer", port, origin_port]
        if name == "jetty":
            return [JAVA, *options, *peer("jetty"), "JettyPeer", port, origin_port]
        if name == "scg":
            return [JAVA, *options, f"-Dserver.port={port}", "-Dserver.address=127.0.0.1", f"-Dupstream={upstream}",
                    *peer("scg"), "ScgPeer"]
        raise Failed(f"no proxy is called {name!r} (there are: {', '.join(self.ports)})")

    def start_proxy(self, name, **how):
        if name not in self.ports:
            raise Failed(f"no proxy is called {name!r} (there are: {', '.join(self.ports)})")
        command = self.command(name, **how)
        free(self.ports[name])
        process = self.start(name, command, PROXY_CORE)
        self.wait_port(process, self.ports[name])
        return process

    def url(self, name, path):
        return f"http://127.0.0.1:{self.ports[name]}{path}"

    # -- load programs -----------------------------------------------------------------------------------------

    def load_command(self, main, *args):
        options = ["-Xms256m", "-Xmx512m", "-XX:+UseParallelGC"]
        if main in ("OpenLoop", "SlowClients"):
            # They share their core with the origin: what their own compiler and collector take would count as the proxy's.
            options = ["-Xms256m", "-Xmn128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        if main in ("ScriptedUpstream", "CheckedLoad"):
            # Several at once, and started again under load: they must be up soon and stay small.
            options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return [JAVA, *options, "-cp", load_class_path(), f"io.fairlead.benchmarks.load.{main}", *map(str, args)]

    def load(self, main, *args, seconds=120):
        """Runs a load program to its end and gives its `name value` lines as a dict."""
        command = self.load_command(main, *args)
        done = subprocess.run(["taskset", "-c", LOAD_CORE, *command], capture_output=True, text=True, timeout=seconds)
        if done.returncode != 0:
            raise Failed(f"{main} {args} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return figures(done.stdout)


def jdk(tool):
    """The path of one of the JDK's programs."""
    return os.path.join(os.path.dirname(os.path.realpath(shutil.which(JAVA) or JAVA)), tool)


def figures(text):
    """`name value` lines, as every load program prints them."""
    found = {}
    for line in text.splitlines():
        parts = line.split(None, 1)
        if len(parts) == 2:
            try:
                found[parts[0]] = float(parts[1])
            except ValueError:
                found[parts[0]] = parts[1]
    return found


def free(port):
    """Says so when somebody else's process has a port: without this we would measure it."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return
    raise Failed(f"port {port} is in use already; is another run going on?")


def run_maven(cwd, *args):
    done = subprocess.run(["mvn", "-q", "-B", "-ntp", *args], cwd=cwd, capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise Failed(f"mvn {' '.join(args)} in {cwd} failed:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")


def newest(folder):
    return max((os.path.getmtime(os.path.join(d, f)) for d, _, fs in os.walk(folder) for f in fs), default=0)


def digest(folder):
    """Of the contents of a folder's files; a checkout changes their times and not this."""
    sha256 = hashlib.sha256()
    for directory, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            with open(os.path.join(directory, name), "rb") as f:
                sha256.update(name.encode() + b"\0" + f.read())
    return sha256.hexdigest()[:16]


def peer(name):
    """Builds a JVM peer if these sources were not built yet, outside the repository; gives `-cp PATH`."""
    source = os.path.join(PEERS, name)
    home = os.path.join(PEERS_BUILT, f"{name}-{digest(source)}")
    path = os.path.join(home, "class-path")
    if not os.path.exists(path):
        print(f"building the peer {name} in {home}", file=sys.stderr)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(source, home)
        run_maven(home, "compile", "dependency:build-classpath", f"-Dmdep.outputFile={path}")
    with open(path) as f:
        return ["-cp", f.read().strip() + os.pathsep + os.path.join(home, "target", "classes")]


def load_class_path():
    """The benchmarks jar, which holds the load programs; built when they are newer than it."""
    jar = os.path.join(BENCHMARKS, "target", "benchmarks.jar")
    sources = os.path.join(BENCHMARKS, "src", "main", "java", "io", "fairlead", "benchmarks", "load")
    if not os.path.exists(jar) or os.path.getmtime(jar) < newest(sources):
        print("building the benchmarks module", file=sys.stderr)
        run_maven(ROOT, "-pl", "benchmarks", "-am", "-DskipTests", "package")
    return jar


# -- measuring a process tree ------------------------------------------------------------------------------------


def tree(pid):
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as f:
                    children.setdefault(int(f.read().rsplit(")", 1)[1].split()[1]), []).append(int(entry))
            except OSError:
                pass
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def cpu_seconds(pid):
    """User and system time of a process and its children, from the kernel's accounting (not sampled ticks)."""
    ticks = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pid, field="VmRSS"):
    kib = 0
    for one in tree(pid):
        try:
            with open(f"/proc/{one}/status") as f:
                found = re.search(rf"{field}:\s+(\d+)", f.read())
            kib += int(found.group(1)) if found else 0
        except OSError:
            pass
    return kib / 1024


def milliseconds(text):
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    return float(found.group(1)) * {"us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4}[found.group(2)] if found else float("nan")


def wrk(url, connections=64, seconds=6, headers=()):
    """Closed-loop load with wrk on one thread of the load core; latencies in ms."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    out = subprocess.run([*command, url], capture_output=True, text=True, timeout=seconds + 60).stdout
    try:
        requests = int(re.search(r"(\d+) requests in", out).group(1))
        errors = sum(map(int, re.findall(r"Non-2xx or 3xx responses: (\d+)", out)))
        for line in re.findall(r"Socket errors: (.*)", out):
            errors += sum(map(int, re.findall(r"\d+", line)))
        return {
            "requests": requests,
            "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)),
            "p50": milliseconds(re.search(r"(?m)^\s+50%\s+(\S+)", out).group(1)),
            "p99": milliseconds(re.search(r"(?m)^\s+99%\s+(\S+)", out).group(1)),
            "errors": errors,
        }
    except AttributeError:
        raise Failed(f"wrk {url} gave no figures:\n{out}") from None


# -- what a table of figures must say about itself ------------------------------------------------------------------


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, cwd=ROOT)
        return ((done.stdout + done.stderr).strip().splitlines() or [""])[0]
    except OSError:
        return "?"


def describe():
    with open("/proc/cpuinfo") as f:
        model = re.search(r"model name\s*:\s*(.*)", f.read())
    lines = [
        ("date", time.strftime("%Y-%m-%d %H:%M %Z")),
        ("machine", f"{model.group(1) if model else '?'}, {os.cpu_count()} cores, Linux {os.uname().release}"),
        ("load", "%.2f %.2f %.2f before the run" % os.getloadavg()),
        ("java", first_line(JAVA, "-version")),
        ("tools", "; ".join((first_line("nginx", "-v"), first_line("haproxy", "-v").split(" 20")[0]))),
        ("commit", first_line("git", "describe", "--always", "--dirty")),
        ("command", " ".join([os.path.basename(sys.argv[0]), *map(shlex.quote, sys.argv[1:])])),
    ]
    return "\n".join(f"{name + ':':9}{value}" for name, value in lines)


def table(head, rows):
    cells = [[str(c) for c in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in cells) for i in range(len(head))]
    lines = [" | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) for row in cells]
    lines.insert(1, " | ".join("-" * w if i == 0 else "-" * (w - 1) + ":" for i, w in enumerate(widths)))
    return "\n".join(f"| {line} |" for line in lines)
