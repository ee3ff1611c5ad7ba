#!/usr/bin/env python3
"""Measures what a proxy does at its limits, beside other proxies in the same run.

    limits.py p99        latency of an open-loop load at half of HAProxy's maximum rate
    limits.py idle       memory that 10,000 idle keep-alive clients cost, each
    limits.py slow       what 500 dripping clients do to the latency of the others
    limits.py bigbody    1 GiB down and up, with Content-Length and in chunks, in a JVM with a 64 MiB heap
    limits.py startup    time until the first request is answered, in a fresh process

Proxies run on core 0, the origin and the load programs on core 1. See README.md beside this folder for what each figure means.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

from harness import (JAVA, JVM_OPTIONS, LOAD_CORE, ORIGIN_PORT, STANDALONE, Failed, Lab, cpu_seconds, describe, figures, jdk,
                     load_class_path, median, memory_mib, need, peer, prioritise, table, wrk)

BIG_ORIGIN_PORT = 18081


def names_of(options, default):
    return [n for n in options.only.split(",") if n] or [*default, *(e.split("=", 1)[0] for e in options.extra)]


@contextmanager
def within(process, seconds, what):
    """Ends a load program that takes too long, so that reading from it cannot wait for ever."""
    timer = threading.Timer(seconds, lab_kill, (process,))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if process.poll() is not None and process.returncode not in (0, None):
        raise Failed(f"{what} ended with {process.returncode} (or took more than {seconds} s)")


def lab_kill(process):
    try:
        os.killpg(process.pid, 9)
    except ProcessLookupError:
        pass


class Conversation:
    """A load program that is told things on its standard input and answers with `name value` lines."""

    def __init__(self, lab, name, main, *args):
        self.lab, self.name = lab, name
        self.process = lab.start(name, lab.load_command(main, *args), LOAD_CORE, stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)

    def read(self, seconds=60):
        with within(self.process, seconds, self.name):
            line = self.process.stdout.readline()
            if not line:
                raise Failed(f"{self.name} ended: {self.process.stderr.read()[-2000:]}")
        return figures(line)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.read()

    def end(self, seconds=30):
        """Ends its standard input and gives all it still prints."""
        self.process.stdin.close()
        with within(self.process, seconds, self.name):
            text = self.process.stdout.read()
        self.lab.stop(self.process)
        return figures(text)


# -- p99 -----------------------------------------------------------------------------------------------------------


def p99(lab, options):
    """Half of HAProxy's maximum, so that no proxy is asked for more than the best of them could do."""
    names = names_of(options, ("haproxy", "nginx", "undertow", "fairlead"))
    if "haproxy" not in names:
        names.insert(0, "haproxy")
    running = {name: lab.start_proxy(name) for name in names}
    for name in names:
        wrk(lab.url(name, "/1k"), 64, options.warm)
    rate = options.rate
    if not rate:
        maximum = median([wrk(lab.url("haproxy", "/1k"), 64, 4)["rps"] for _ in range(3)])
        rate = int(maximum / 2)
        print(f"haproxy's maximum: {maximum:.0f} req/s (64 clients, closed loop); rate: {rate} req/s")
    results = {name: [] for name in names}
    for _ in range(options.rounds):
        for name, process in running.items():
            before = cpu_seconds(process.pid)
            measured = lab.load("OpenLoop", "--url", lab.url(name, "/1k"), "--rate", rate, "--connections", 64,
                                "--seconds", options.seconds, "--warmup", 3, seconds=options.seconds + 60)
            measured["cpu"] = (cpu_seconds(process.pid) - before) / (rate * (options.seconds + 3)) * 1e6
            results[name].append(measured)
    middle = {n: {k: median([r[k] for r in rs]) for k in rs[0]} for n, rs in results.items()}
    rows = [(n, f"{m['answered_per_s']:.0f}", f"{m['p50_ms']:.2f}", f"{m['p99_ms']:.2f}",
             f"{min(r['p99_ms'] for r in results[n]):.2f}..{max(r['p99_ms'] for r in results[n]):.2f}",
             f"{m['p99.9_ms']:.2f}", f"{m['max_ms']:.1f}", f"{m['late_p99_ms']:.2f}", f"{m['cpu']:.1f}",
             int(sum(r["errors"] for r in results[n])), f"{m['p99_ms'] / middle['haproxy']['p99_ms']:.2f}")
            for n, m in middle.items()]
    print(f"\np99: open loop, {rate} req/s over 64 connections, 1 KiB, median of {options.rounds} rounds of {options.seconds} s\n")
    print(table(["proxy", "answered/s", "p50 ms", "p99 ms", "min..max", "p99.9 ms", "max ms", "late p99 ms", "CPU us/req",
                 "errors", "p99 / haproxy"], rows))


# -- idle ----------------------------------------------------------------------------------------------------------


def jcmd(process, *command):
    done = subprocess.run([jdk("jcmd"), str(process.pid), *command], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Failed(f"jcmd {' '.join(command)} failed: {done.stdout}{done.stderr}")
    return done.stdout


def memory(process):
    """Heap in use after full collections and direct memory, in bytes (NaN where there is no JVM), and RSS in MiB."""
    heap = direct = float("nan")
    if os.path.basename(os.path.realpath(f"/proc/{process.pid}/exe")) == "java":
        jcmd(process, "GC.run")
        time.sleep(1)  # cleaners of unreachable direct buffers run after the collection, on a thread of their own
        # A class histogram makes a full collection of its own and counts exactly what survives it.
        total = re.search(r"(?m)^Total\s+\d+\s+(\d+)", jcmd(process, "GC.class_histogram"))
        # Direct buffers are what native memory tracking calls Other.
        other = re.search(r"Other \(reserved=\d+KB, committed=(\d+)KB\)", jcmd(process, "VM.native_memory", "summary"))
        heap = int(total.group(1))
        direct = int(other.group(1)) * 1024 if other else 0
    return {"heap": heap, "direct": direct, "rss": memory_mib(process.pid)}


def idle(lab, options):
    names = names_of(options, ("haproxy", "nginx", "undertow", "fairlead"))
    rows = []
    for name in names:
        process = lab.start_proxy(name, jvm_options=lab.jvm_options + " -XX:NativeMemoryTracking=summary")
        wrk(lab.url(name, "/1k"), 64, options.warm)
        before = memory(process)
        half = options.clients // 2
        groups = [Conversation(lab, f"idle-{i}", "IdleClients", "--url", lab.url(name, "/1k"), "--connections", count,
                               "--first", i * half) for i, count in enumerate((half, options.clients - half))]
        for group in groups:
            group.read(120)
        after = memory(process)
        still = int(sum(group.ask("count")["open"] for group in groups))
        for group in groups:
            group.end()
        lab.stop(process)
        each = {k: (after[k] - before[k]) / options.clients for k in after}
        kib = lambda v: "-" if v != v else f"{v / 1024:.2f}"
        mib = lambda v: "-" if v != v else f"{v / 2**20:.1f}"
        rows.append((name, still, kib(each["heap"]), kib(each["direct"]), kib(each["heap"] + each["direct"]),
                     f"{each['rss'] * 1024:.2f}", f"{mib(before['heap'])} -> {mib(after['heap'])}",
                     f"{mib(before['direct'])} -> {mib(after['direct'])}", f"{before['rss']:.0f} -> {after['rss']:.0f}"))
    print(f"\nidle: {options.clients} keep-alive clients, one request each, then nothing\n")
    print(table(["proxy", "still open", "heap KiB each", "direct KiB each", "heap + direct KiB each", "RSS KiB each",
                 "heap MiB", "direct MiB", "RSS MiB"], rows))


# -- slow ----------------------------------------------------------------------------------------------------------


def slow(lab, options):
    names = names_of(options, ("haproxy", "nginx", "undertow", "fairlead"))
    running = {name: lab.start_proxy(name) for name in names}
    for name in names:
        wrk(lab.url(name, "/1k"), 64, options.warm)
    rate = options.rate or 2000
    load = lambda name: lab.load("OpenLoop", "--url", lab.url(name, "/1k"), "--rate", rate, "--connections", 64,
                                 "--seconds", options.seconds, "--warmup", 2, seconds=options.seconds + 60)
    without, beside, fates = ({name: [] for name in names} for _ in range(3))
    for _ in range(options.rounds):
        for name in names:
            without[name].append(load(name))
            drips = Conversation(lab, "slow", "SlowClients", "--url", lab.url(name, "/1k"), "--heads", 250, "--bodies", 250)
            drips.read()
            started = time.monotonic()
            beside[name].append(load(name))
            # Long enough for a head timeout of 10 s to be seen.
            time.sleep(max(0, 13 - (time.monotonic() - started)))
            fates[name].append(drips.end())
    rows = []
    for name in names:
        a, b = (median([r["p99_ms"] for r in rs]) for rs in (without[name], beside[name]))
        f = fates[name][0]
        took = f"{f['heads_408_after_min_s']:.1f}..{f['heads_408_after_max_s']:.1f}" if "heads_408_after_min_s" in f else "-"
        rows.append((name, f"{a:.2f}", f"{b:.2f}", f"{b / a:.2f}", int(sum(r["errors"] for r in without[name] + beside[name])),
                     int(min(x["heads_first_408"] for x in fates[name])), took, f["heads_other"], int(f["bodies_408"]),
                     f["bodies_other"]))
    print(f"\nslow: {rate} req/s open loop without and beside 250 clients that drip heads and 250 that drip bodies (1 byte/s), "
          f"median of {options.rounds} rounds of {options.seconds} s\n")
    print(table(["proxy", "p99 ms without", "p99 ms beside", "ratio", "errors", "heads answered 408 of 250", "after s",
                 "other heads", "bodies answered 408", "other bodies"], rows))


# -- bigbody -------------------------------------------------------------------------------------------------------


def bigbody(lab, options):
    names = names_of(options, ("haproxy", "nginx", "undertow", "fairlead"))
    origin = lab.start("big-origin", lab.load_command("BigBodyOrigin", "--port", BIG_ORIGIN_PORT), LOAD_CORE)
    lab.wait_port(origin, BIG_ORIGIN_PORT)
    rows = []
    ways = ("down_length", "down_chunked", "up_length", "up_chunked")
    failures = []
    for name in names:
        process = lab.start_proxy(name, origin_port=BIG_ORIGIN_PORT, streaming=True,
                                  jvm_options="-Xmx64m -XX:MaxDirectMemorySize=32m -XX:+UseParallelGC")
        before = cpu_seconds(process.pid)
        m = lab.load("BigBody", "--url", lab.url(name, ""), "--origin", f"http://127.0.0.1:{BIG_ORIGIN_PORT}",
                     "--bytes", options.mib << 20, seconds=1200)
        used = cpu_seconds(process.pid) - before
        failures += [f"{name}: {way}: {m[way + '_failure']}" for way in ways if way + "_failure" in m]
        if "OutOfMemoryError" in lab.printed(name):
            failures.append(f"{name}: OutOfMemoryError in its output")
        rows.append((name, *(f"{m[way + '_mib_per_s']:.0f} MiB/s" if m[way + "_ok"] == 1 else "FAILED" for way in ways),
                     f"{used / (4 * options.mib / 1024):.2f}", f"{memory_mib(process.pid, 'VmHWM'):.0f}"))
        lab.stop(process)
    print(f"\nbigbody: {options.mib} MiB each way, SHA-256 compared; JVMs with -Xmx64m -XX:MaxDirectMemorySize=32m\n")
    print(table(["proxy", "down, length", "down, chunked", "up, length", "up, chunked", "CPU s per GiB", "peak RSS MiB"], rows))
    if failures:
        raise Failed("\n".join(failures))


# -- startup -------------------------------------------------------------------------------------------------------


def answered(port, seconds=60):
    """Asks until it is answered with 200; gives the moment."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as s:
                s.sendall(b"GET /1k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                got = b""
                while chunk := s.recv(65536):
                    got += chunk
                if got.startswith(b"HTTP/1.1 200") and len(got) > 1024:
                    return time.monotonic()
        except OSError:
            time.sleep(0.002)
    raise Failed(f"port {port} was not answered with 200 within {seconds} s")


def first_answer(lab, name):
    """The same in a fresh JVM, from start() and from the first use of the API, as the program itself sees it."""
    upstream = f"http://127.0.0.1:{ORIGIN_PORT}"
    if name == "undertow":
        program = [*peer("undertow"), "UndertowPeer", str(lab.ports[name]), upstream, "/1k"]
    else:
        # The standalone jar comes first: Fairlead's classes are those of the proxy that the rest of the run measures.
        path = os.pathsep.join((STANDALONE, load_class_path()))
        program = ["-cp", path, "io.fairlead.benchmarks.load.FirstAnswer", "--upstream", upstream, "--path", "/1k"]
    done = subprocess.run([JAVA, *lab.jvm_options.split(), *program], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise Failed(f"{name} did not answer:\n{done.stdout}{done.stderr}")
    return figures(done.stdout)


def startup(lab, options):
    names = names_of(options, ("haproxy", "nginx", "undertow", "vertx", "jetty", "scg", "fairlead"))
    wholes, embedded = {n: [] for n in names}, {n: [] for n in names}
    for _ in range(options.rounds):
        for name in names:
            command = lab.command(name)
            begin = time.monotonic()
            process = lab.start(name, command, "0,1")
            wholes[name].append((answered(lab.ports[name]) - begin) * 1e3)
            lab.stop(process)
            if name in ("undertow", "fairlead"):
                embedded[name].append(first_answer(lab, name))
    rows = []
    for name in names:
        row = [name, f"{median(wholes[name]):.0f}", f"{min(wholes[name]):.0f}..{max(wholes[name]):.0f}"]
        for key in ("from_start_ms", "from_first_use_ms"):
            values = [e[key] for e in embedded[name]]
            row += [f"{median(values):.0f}", f"{min(values):.0f}..{max(values):.0f}"] if values else ["-", "-"]
        rows.append(row)
    print(f"\nstartup: to the first answered request, both cores, median of {options.rounds} fresh processes\n")
    print(table(["proxy", "from process start ms", "min..max", "from start() ms", "min..max", "from first use ms", "min..max"], rows))


SUBCOMMANDS = {"p99": p99, "idle": idle, "slow": slow, "bigbody": bigbody, "startup": startup}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=SUBCOMMANDS)
    parser.add_argument("--only", default="", help="proxies, with commas between")
    parser.add_argument("--extra", action="append", default=[], metavar="NAME=PORT=COMMAND",
                        help="another proxy; {origin} in the command becomes the origin's URL")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="length of a round (p99, slow)")
    parser.add_argument("--warm", type=int, default=20, help="seconds of load on each proxy before (p99, idle, slow)")
    parser.add_argument("--rate", type=int, default=0, help="requests/s (p99: half of HAProxy's maximum; slow: 2000)")
    parser.add_argument("--clients", type=int, default=10_000, help="idle clients")
    parser.add_argument("--mib", type=int, default=1024, help="size of a big body")
    parser.add_argument("--jvm", default=JVM_OPTIONS, help="options of every JVM proxy (default: %(default)s)")
    parser.add_argument("--nice", type=int, default=0, help="priority of the run, -20 to 19; below 0 (for root) neighbours disturb less")
    options = parser.parse_args()
    prioritise(options.nice)
    need("nginx", "wrk", "taskset")
    load_class_path()
    with Lab(options.jvm, options.extra) as lab:
        print(describe())
        print(f"{'jvm:':9}{options.jvm}", flush=True)
        lab.start_origin()
        SUBCOMMANDS[options.what](lab, options)


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"limits.py: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
