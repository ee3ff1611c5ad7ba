#!/usr/bin/env python3
"""Compares reverse proxies side by side: every proxy on core 0, the origin (nginx) and the load (wrk) on core 1.

    compare.py                                       every proxy, every scenario
    compare.py --only haproxy,undertow,fairlead --scenarios 1k --rounds 5
    compare.py --only haproxy,mine --extra 'mine=19020=java -jar mine.jar 19020 {origin}'
    compare.py --only fairlead,undertow --scenarios 1k --strace --jfr

Scenarios: 1k (1 KiB bodies over keep-alive connections), 1m (1 MiB bodies), close (a new connection for each request).
All proxies run at the same time and take turns round by round, so that a disturbance of the machine meets all of them.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

from harness import JVM_OPTIONS, JVM_PEERS, Failed, Lab, cpu_seconds, describe, jdk, median, memory_mib, need, prioritise, table, tree, wrk

SCENARIOS = {
    "1k": ("/1k", (), "1 KiB bodies, keep-alive"),
    "1m": ("/1m", (), "1 MiB bodies, keep-alive"),
    "close": ("/1k", ("Connection: close",), "1 KiB bodies, a new connection for each request"),
}
PROXIES = ("nginx", "haproxy", "undertow", "vertx", "jetty", "scg", "fairlead")


def one_round(lab, name, process, path, headers, connections, seconds):
    before = cpu_seconds(process.pid)
    result = wrk(lab.url(name, path), connections, seconds, headers)
    result["cpu"] = (cpu_seconds(process.pid) - before) / max(1, result["requests"]) * 1e6
    result["rss"] = memory_mib(process.pid)
    if process.poll() is not None:
        raise Failed(f"{name} ended during the run:\n{lab.printed(name)[-3000:]}")
    return result


def compare(lab, running, scenario, options):
    path, headers, title = SCENARIOS[scenario]
    for name in running:
        # A JVM's figures mean nothing before its code is compiled; the others only need their connections.
        warm = options.warm if name in JVM_PEERS or name in lab.extra else min(3, options.warm)
        if warm:
            wrk(lab.url(name, path), options.connections, warm, headers)
    results = {name: [] for name in running}
    for _ in range(options.rounds):
        for name, process in running.items():
            results[name].append(
                one_round(lab, name, process, path, headers, options.connections, options.seconds))
    middle = {n: {k: median([r[k] for r in rs]) for k in rs[0]} for n, rs in results.items()}
    bases = [b for b in ("haproxy", "undertow") if b in middle]
    rows = []
    for name, m in middle.items():
        cpus = [r["cpu"] for r in results[name]]
        row = [name, f"{m['rps']:.0f}", f"{m['p50']:.2f}", f"{m['p99']:.2f}", f"{m['cpu']:.1f}",
               f"{min(cpus):.1f}..{max(cpus):.1f}", f"{m['rss']:.0f}", sum(r["errors"] for r in results[name])]
        for base in bases:
            row += [f"{m['rps'] / middle[base]['rps']:.2f}", f"{m['cpu'] / max(1e-9, middle[base]['cpu']):.2f}"]
        rows.append(row)
    print(f"\n{scenario}: {title}; {options.connections} clients, median of {options.rounds} rounds of "
          f"{options.seconds} s, {options.warm} s warm-up\n")
    head = ["proxy", "req/s", "p50 ms", "p99 ms", "CPU us/req", "min..max", "RSS MiB", "errors"]
    for base in bases:
        head += [f"req/s / {base}", f"CPU / {base}"]
    print(table(head, rows), flush=True)
    return results


def system_calls(lab, name, process, scenario, options):
    """strace -c on the proxy's processes under load for three seconds, as system calls per request."""
    path, headers, _ = SCENARIOS[scenario]
    report = lab.write(f"{name}.strace", "")
    pids = [argument for pid in tree(process.pid) for argument in ("-p", str(pid))]
    tracer = lab.start(f"strace-{name}", ["strace", "-c", "-f", "-o", report, *pids], "0,1")
    end = time.monotonic() + 5
    while "attached" not in lab.printed(f"strace-{name}") and time.monotonic() < end:
        time.sleep(0.05)
    load = wrk(lab.url(name, path), options.connections, 3, headers)
    tracer.send_signal(signal.SIGINT)
    try:
        tracer.wait(10)
    except subprocess.TimeoutExpired:
        pass
    lab.stop(tracer)
    with open(report) as f:
        calls = {m.group(2): int(m.group(1)) for m in
                 re.finditer(r"(?m)^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)\s*$", f.read())}
    total = calls.pop("total", sum(calls.values()))
    each = {call: n / load["requests"] for call, n in sorted(calls.items(), key=lambda c: -c[1])}
    shown = ", ".join(f"{call} {n:.2f}" for call, n in each.items() if n >= 0.01)
    print(f"{name:10} {total / load['requests']:6.2f} a request: {shown}", flush=True)
    return each


def profile(lab, name, process, scenario, options):
    """A JVM's own recording under load for ten seconds: which methods the samples lie in, and what was allocated."""
    path, headers, _ = SCENARIOS[scenario]
    recording = os.path.join(lab.tmp, f"{name}.jfr")
    subprocess.run([jdk("jcmd"), str(process.pid), "JFR.start", "name=load", "settings=profile"], check=True, capture_output=True)
    load = wrk(lab.url(name, path), options.connections, 10, headers)
    subprocess.run([jdk("jcmd"), str(process.pid), "JFR.stop", "name=load", f"filename={recording}"], check=True, capture_output=True)

    def events(kind):
        printed = subprocess.run([jdk("jfr"), "print", "--json", "--stack-depth", "1", "--events", kind, recording],
                                 check=True, capture_output=True, text=True).stdout
        return [event["values"] for event in json.loads(printed)["recording"]["events"]]

    def method(sample):
        frames = (sample["stackTrace"] or {}).get("frames") or [{"method": {"type": {"name": "?"}, "name": "?"}}]
        called = frames[0]["method"]
        return called["type"]["name"].rsplit("/", 1)[-1].rsplit(".", 1)[-1] + "." + called["name"]

    def shares(counted):
        total = sum(counted.values())
        return ", ".join(f"{what} {100 * n / total:.1f} %" for what, n in counted.most_common(20))

    java, native = (Counter(method(s) for s in events(kind)) for kind in ("jdk.ExecutionSample", "jdk.NativeMethodSample"))
    allocated = Counter()
    for sample in events("jdk.ObjectAllocationSample"):
        allocated[sample["objectClass"]["name"].replace("/", ".")] += sample["weight"]
    print(f"{name}: {load['requests']} requests, {sum(java.values())} samples in Java, {sum(native.values())} in native methods")
    print(f"  in Java: {shares(java)}")
    print(f"  native: {shares(native)}")
    print(f"  allocated, {sum(allocated.values()) / load['requests']:.0f} B a request: {shares(allocated)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help=f"proxies, with commas between (default: {','.join(PROXIES)} and every --extra)")
    parser.add_argument("--extra", action="append", default=[], metavar="NAME=PORT=COMMAND",
                        help="another proxy; {origin} in the command becomes the origin's URL")
    parser.add_argument("--scenarios", default="1k,1m,close")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=6, help="length of a round")
    parser.add_argument("--warm", type=int, default=20, help="seconds of load on each JVM before its first round")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--jvm", default=JVM_OPTIONS, help="options of every JVM proxy (default: %(default)s)")
    parser.add_argument("--strace", action="store_true", help="also count system calls per request, for 3 s")
    parser.add_argument("--jfr", action="store_true", help="also profile the JVM proxies with their flight recorder, for 10 s")
    parser.add_argument("--json", metavar="FILE", help="write every round's figures to a file")
    parser.add_argument("--nice", type=int, default=0, help="priority of the run, -20 to 19; below 0 (for root) neighbours disturb less")
    options = parser.parse_args()
    prioritise(options.nice)
    need("nginx", "wrk", "taskset", *(["strace"] if options.strace else []))
    scenarios = [s for s in options.scenarios.split(",") if s]
    unknown = [s for s in scenarios if s not in SCENARIOS]
    if unknown:
        raise Failed(f"no scenario is called {unknown[0]!r} (there are: {', '.join(SCENARIOS)})")
    with Lab(options.jvm, options.extra) as lab:
        names = [n for n in options.only.split(",") if n] or [*PROXIES, *lab.extra]
        need(*(n for n in names if n in ("haproxy", "nginx")))
        print(describe())
        print(f"{'jvm:':9}{options.jvm}", flush=True)
        lab.start_origin()
        direct = wrk(f"http://127.0.0.1:18080{SCENARIOS[scenarios[0]][0]}", options.connections, 2)
        print(f"{'origin:':9}{direct['rps']:.0f} req/s without a proxy (origin and load share core 1)", flush=True)
        running = {name: lab.start_proxy(name) for name in names}
        everything = {}
        for scenario in scenarios:
            everything[scenario] = compare(lab, running, scenario, options)
            if options.strace:
                print(f"\nsystem calls, {scenario}:")
                for name, process in running.items():
                    system_calls(lab, name, process, scenario, options)
            if options.jfr:
                print(f"\nprofile, {scenario}:")
                for name in running:
                    if name in JVM_PEERS:
                        profile(lab, name, running[name], scenario, options)
        if options.json:
            with open(options.json, "w") as f:
                json.dump(everything, f, indent=1)


if __name__ == "__main__":
    try:
        main()
    except Failed as e:
        sys.exit(f"compare.py: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
