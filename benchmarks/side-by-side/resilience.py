#!/usr/bin/env python3
"""Shows that clients do not notice when upstreams fail: real processes, real sockets, each answer checked.

    resilience.py rolling       3 upstreams restarted in turn (SIGTERM) under 200 clients: no failed GET         {rolling}
    resilience.py kill9         kill -9 of one of 3 upstreams: no failed GET, POSTs only if they were on their way {kill9}
    resilience.py bad-targets   one target answers 500, one hangs, one resets: 99.9 % of GETs answered           {bad-targets}
    resilience.py storm         all targets fail at 1,000 req/s: attempts <= 1.2 x requests + floor               {storm}
    resilience.py skew          leastRequests and powerOfTwoChoices on unequal targets: within 10 % of ideal      {skew}
    resilience.py stale         upstreams close idle connections just when they are used again: no error          {stale}
    resilience.py cpu           CPU per request with everything on, beside the bare route: <= 1.1                 {cpu}
    resilience.py drain         1,000 requests on their way when the proxy is told to stop                        {drain}
    resilience.py rate          100/s for 10 s under 8 clients: 1,000 +- 2 % and the burst                        {rate}
    resilience.py fairness      4 I/O threads, 1 connection per target, 1,000 requests at once: all served        {fairness}
    resilience.py overload      twice what a server can do: limits keep it at work and refuse the rest at once    {overload}
    resilience.py all           all of them, one after another                                                    {all}

Each claim is printed as PASS or FAIL with what was counted; the exit code is 1 if one failed. --quick makes short runs with few
clients: they show that the tool works, not that the claim holds. A scenario that fails leaves its files behind: the clients'
log (a line for each request) and each upstream's (a line for each request that came and each answer that went).
"""

import argparse
import calendar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter, namedtuple

from harness import (JAVA, JVM_OPTIONS, ROOT, STANDALONE, Failed, Lab, describe, figures, free, load_class_path, median, need, wrk)

PROXY_PORT = 19010
UPSTREAM_PORT = 18091
BOTH_CORES = "0,1"
TAKES = {"rolling": "1 min", "kill9": "1 min", "bad-targets": "1.5 min", "storm": "3.5 min", "skew": "2 min", "stale": "2.5 min",
         "cpu": "3 min", "drain": "1 min", "rate": "20 s", "fairness": "20 s",
         "overload": "2.5 min", "all": "19 min"}

# RetryPolicy.recommended() written out, and what goes with it.
RETRY = {"retry": {"on": ["connectFailure", "reset", "timeout", "gatewayError"], "safeMethodStatuses": [500], "sameTarget": True}}
ATTEMPT = {"timeouts": {"attempt": "500ms"}}
OUTLIERS = {"outlierDetection": {"consecutive5xx": 5, "maxEjectionPercent": 100}}
HEALTH = {"healthCheck": {"type": "http", "path": "/health", "interval": "1s", "timeout": "500ms"}}
BREAKER = {"circuitBreaker": {}}
RECOMMENDED_POOL = {**RETRY, **OUTLIERS, **HEALTH, "slowStart": "5s"}
# For the storm: retry without what takes a failing target out, and with it.
EJECTION_OFF = {"outlierDetection": {"consecutiveLocalOriginFailures": 0}}
GUARDS = {**OUTLIERS, **BREAKER}
# The budget: 20 for 100 requests, and 10 in ten seconds in any case.
BUDGET_FLOOR = 100

Request = namedtuple("Request", "begin end id method outcome status upstream code client")
Received = namedtuple("Received", "at id method target")


class Scenario:
    """One proxy, its upstreams and its clients, and the claims that are checked."""

    def __init__(self, lab, options):
        self.lab, self.options, self.claims = lab, options, []
        self.upstreams = []

    # -- what runs ---------------------------------------------------------------------------------------------

    def start_upstreams(self, count, **how):
        self.upstreams = [Upstream(self.lab, chr(ord("a") + i), UPSTREAM_PORT + i, **how) for i in range(count)]
        for upstream in self.upstreams:
            upstream.start()
        return self.upstreams

    def start_proxy(self, config=None, flags=(), threads=0):
        """From a configuration, or from one --upstream for each upstream and nothing else."""
        free(PROXY_PORT)
        if not os.path.exists(STANDALONE):
            raise Failed(f"{STANDALONE} is not there: build it with mvn -q -pl samples/standalone -am -DskipTests package")
        command = [JAVA, *JVM_OPTIONS.split(), "-jar", STANDALONE]
        if config is None:
            command += ["--listen", f"127.0.0.1:{PROXY_PORT}"]
            for upstream in self.upstreams:
                command += ["--upstream", upstream.url]
        else:
            command += ["--config", self.lab.write("proxy.json", json.dumps(config, indent=1))]
        if threads:
            command += ["--io-threads", threads]
        self.proxy = self.lab.start("fairlead", [*command, *flags], BOTH_CORES)
        self.lab.wait_port(self.proxy, PROXY_PORT)
        return self.proxy

    def config(self, pool=None, route=None, **more):
        """One pool of all upstreams and one route to it."""
        return {"version": 1, "failureHeader": True, "listeners": [{"host": "127.0.0.1", "port": PROXY_PORT}],
                "pools": [{"name": "targets", "targets": [u.url for u in self.upstreams], **(pool or {})}],
                "routes": [{"id": "all", "to": "targets", **(route or {})}], **more}

    def configured(self, way):
        """`defaults` is what --upstream gives; `recommended` is the preset."""
        return None if way == "defaults" else self.config(RECOMMENDED_POOL, ATTEMPT)

    def ways(self):
        return [w for w in ("defaults", "recommended") if self.options.settings in (w, "both")]

    def warm(self, requests=5_000, path="/"):
        """A JVM's first requests are slow enough to look like a fault."""
        load = Load(self.lab, "warm", clients=20, requests=requests, path=path)
        load.finish()
        for upstream in self.upstreams:
            upstream.forget()

    def end(self):
        self.lab.stop(self.proxy)
        for upstream in self.upstreams:
            upstream.stop()

    def events(self):
        """What the proxy said of its targets: (micros, upstream's name, what, reason)."""
        names = {u.url: u.name for u in self.upstreams}
        found = re.findall(r"(?m)^(\S+Z) pool \S+ target (\S+): (\w+), (.*)$", self.lab.printed("fairlead"))
        return [(micros_of(at), names[url], what, reason) for at, url, what, reason in found]

    def tell_events(self, since, limit=40):
        events = [e for e in self.events() if e[0] >= since]
        for at, name, what, reason in events[:limit]:
            print(f"  {(at - since) / 1e6:6.2f} s  {name} {what}: {reason}")
        if len(events) > limit:
            print(f"  and {len(events) - limit} more")

    # -- what is said ------------------------------------------------------------------------------------------

    def claim(self, holds, text):
        self.claims.append((bool(holds), text))
        print(f"{'PASS' if holds else 'FAIL'}  {text}", flush=True)

    def quick(self, full, quick):
        return quick if self.options.quick else full


class Upstream:
    """A ScriptedUpstream in a process of its own, which can be told to fail, ended, killed and started again."""

    def __init__(self, lab, name, port, **how):
        self.lab, self.name, self.port, self.how = lab, name, port, how
        self.url = f"http://127.0.0.1:{port}"
        self.log = os.path.join(lab.tmp, f"upstream-{name}.log")
        self.skip = 0

    def start(self):
        free(self.port)
        arguments = [part for key, value in self.how.items() for part in ("--" + key.replace("_", "-"), value)]
        self.process = self.lab.start(
            f"upstream-{self.name}",
            self.lab.load_command("ScriptedUpstream", "--id", self.name, "--port", self.port, "--log", self.log, *arguments),
            BOTH_CORES, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        if not self.process.stdout.readline().startswith("listening"):
            raise Failed(f"upstream {self.name} does not listen: {self.process.stderr.read()[-2000:]}")

    def tell(self, command):
        """`answer STATUS`, `slow MS`, `hang` or `reset`; it holds when this returns."""
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        if not self.process.stdout.readline().startswith("ok"):
            raise Failed(f"upstream {self.name} did not obey: {self.process.stderr.read()[-2000:]}")

    def stop(self):
        self.lab.stop(self.process)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(5)
        self.lab.processes.remove(self.process)

    def forget(self):
        """What was received so far does not count."""
        self.skip = os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def lines(self):
        with open(self.log) as f:
            f.seek(self.skip)
            return [line.split() for line in f]

    def received(self, prefix="r"):
        """Requests of clients; health checks carry no id of theirs."""
        return [Received(int(p[0]), p[2], p[3], p[4]) for p in self.lines() if p[1] == "R" and p[2].startswith(prefix)]

    def checks(self):
        return [int(p[0]) for p in self.lines() if p[1] == "R" and p[2] == "-"]

    def answered(self):
        return {p[2] for p in self.lines() if p[1] == "A"}


class Load:
    """A CheckedLoad in a process of its own."""

    def __init__(self, lab, name, path="/", **how):
        self.lab, self.name = lab, name
        self.out = os.path.join(lab.tmp, f"load-{name}.log")
        how.setdefault("prefix", "r" if name != "warm" else "w")
        arguments = [part for key, value in how.items() for part in ("--" + key.replace("_", "-"), value)]
        self.process = lab.start(
            f"load-{name}", lab.load_command("CheckedLoad", "--url", f"http://127.0.0.1:{PROXY_PORT}{path}", "--out", self.out,
                                             *arguments), BOTH_CORES)

    def running(self):
        return self.process.poll() is None

    def finish(self, seconds=300):
        """Waits for its end; gives its figures and its requests."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            code = "no end"
        printed = self.lab.printed(f"load-{self.name}")
        self.lab.stop(self.process)
        if code != 0:
            raise Failed(f"the load {self.name} ended with {code}:\n{printed[-3000:]}")
        with open(self.out) as f:
            requests = [Request(int(p[0]), int(p[1]), p[2], p[3], p[4], int(p[5]), p[6], p[7], p[8]) for p in map(str.split, f)]
        return figures(printed), requests


# -- counting ------------------------------------------------------------------------------------------------------


def failed(requests, method=None):
    return [r for r in requests if r.outcome != "ok" and method in (None, r.method)]


def kinds(requests):
    """How requests failed, as text."""
    counted = Counter(r.outcome if r.outcome != "status" else f"{r.status} {r.code if r.code != '-' else 'of ' + r.upstream}"
                      for r in requests)
    return ", ".join(f"{n} x {kind}" for kind, n in counted.most_common()) or "none"


def per_slice(times, start, end, micros=500_000):
    """How many of the times lie in each half second from start to end."""
    slices = [0] * max(1, -(-(end - start) // micros))
    for at in times:
        if start <= at < end:
            slices[(at - start) // micros] += 1
    return slices


def now():
    return int(time.time() * 1e6)


def micros_of(instant):
    """Of an instant as Java prints it: with no, three, six or nine digits after the second."""
    whole, _, part = instant.rstrip("Z").partition(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 1_000_000 + int((part + "000000")[:6])


def figure_line(f):
    return (f"{f['requests']:.0f} requests in {f['seconds']:.1f} s, {f['per_s']:.0f}/s, p50 {f['p50_ms']:.1f} ms, "
            f"p99 {f['p99_ms']:.1f} ms, max {f['max_ms']:.0f} ms")


# -- the scenarios ---------------------------------------------------------------------------------------------------


def rolling(s):
    for way in s.ways():
        s.start_upstreams(3)
        s.start_proxy(s.configured(way))
        s.warm()
        # The pause keeps the load going for as long as three restarts take.
        load = Load(s.lab, "rolling", clients=s.quick(200, 50), requests=s.quick(100_000, 10_000), pause_min_ms=10,
                    pause_max_ms=s.quick(60, 50))
        restarts = []
        time.sleep(1)
        for upstream in s.upstreams:
            begin = now()
            upstream.stop()
            down = now()
            upstream.start()
            restarts.append(f"{upstream.name} closed in {(down - begin) / 1e3:.0f} ms, away for {(now() - begin) / 1e3:.0f} ms")
            time.sleep(s.quick(1, 0.3))
        still = load.running()
        figured, requests = load.finish()
        print(f"rolling, {way}: {figure_line(figured)}; {'; '.join(restarts)}")
        bad = failed(requests)
        s.claim(not bad, f"rolling, {way}: {len(bad)} of {len(requests)} GETs failed ({kinds(bad)}); expected 0")
        s.claim(still, f"rolling, {way}: the load went on until the last restart was over")
        s.end()


def kill9(s):
    for way in s.ways():
        for posts in (0, 50):
            what = f"kill9, {way}, {'GETs' if not posts else 'half POSTs'}"
            # Slow enough that some requests are on their way when it is killed.
            s.start_upstreams(3, slow_ms=5)
            s.start_proxy(s.configured(way))
            s.warm()
            load = Load(s.lab, "kill9", clients=s.quick(200, 50), requests=s.quick(100_000, 10_000), post_percent=posts,
                        pause_min_ms=0, pause_max_ms=s.quick(40, 40))
            time.sleep(s.quick(3, 1))
            killed = s.upstreams[0]
            at = now()
            killed.kill()
            time.sleep(s.quick(3, 1))
            still = load.running()
            killed.start()
            figured, requests = load.finish()
            print(f"{what}: {figure_line(figured)}")
            gets = failed(requests, "GET")
            s.claim(not gets, f"{what}: {len(gets)} of {sum(r.method == 'GET' for r in requests)} GETs failed ({kinds(gets)}); expected 0")
            s.claim(still, f"{what}: the load went on for long enough")
            if posts:
                judge_posts(s, what, requests, at)
            s.end()
    if "defaults" in s.ways():
        kill9_slow(s)


def kill9_slow(s):
    """A target dies with a third of the requests under way, and these are old: few have come of late."""
    what = "kill9, defaults, GETs of 3 s"
    s.start_upstreams(3, slow_ms=3_000)
    s.start_proxy(s.configured("defaults"))
    s.warm(requests=40)
    load = Load(s.lab, "kill9-slow", clients=200, requests=1_000, pause_min_ms=0, pause_max_ms=40)
    time.sleep(5)
    s.upstreams[0].kill()
    figured, requests = load.finish()
    print(f"{what}: {figure_line(figured)}")
    bad = failed(requests, "GET")
    s.claim(not bad, f"{what}: {len(bad)} of {len(requests)} GETs failed ({kinds(bad)}); expected 0")
    s.end()


def judge_posts(s, what, requests, killed_at):
    bad = failed(requests, "POST")
    came = Counter(r.id for u in s.upstreams for r in u.received() if r.method == "POST")
    twice = [i for i, n in came.items() if n > 1]
    # A code that says that nothing had been sent: such a POST should have gone to another target.
    unsent = [r for r in bad if r.code not in ("UPSTREAM_CLOSED", "UPSTREAM_SEND_FAILED") and not came[r.id]]
    late = [r for r in bad if r.end - killed_at > 2_000_000]
    print(f"{what}: {len(bad)} POSTs failed ({kinds(bad)}), {sum(1 for r in bad if came[r.id])} of them in the upstream's log, "
          "the others lost in its socket")
    s.claim(not unsent, f"{what}: {len(unsent)} POSTs failed though no byte had been sent ({kinds(unsent)}); expected 0")
    s.claim(not late, f"{what}: {len(late)} POSTs failed later than 2 s after the kill ({kinds(late)}); expected 0")
    s.claim(not twice, f"{what}: {len(twice)} POSTs came to an upstream twice; expected 0")


def bad_targets(s):
    s.start_upstreams(4)
    s.start_proxy(s.configured("recommended"))
    s.warm()
    sick, well = s.quick(15, 8), s.quick(45, 15)
    load = Load(s.lab, "bad-targets", clients=s.quick(100, 40), seconds=2 + sick + well, pause_min_ms=10, pause_max_ms=60,
                timeout_ms=10_000)
    time.sleep(2)
    onset = now()
    for upstream, manner in zip(s.upstreams, ("answer 500", "hang", "reset")):
        upstream.tell(manner)
    time.sleep(sick)
    recovery = now()
    for upstream in s.upstreams[:3]:
        upstream.tell("answer 200")
    figured, requests = load.finish()
    end = max(r.end for r in requests)
    print(f"bad-targets: {figure_line(figured)}")
    print("clients' requests that came to each target, per 500 ms (| onset and recovery):")
    came = {u.name: [r.at for r in u.received()] for u in s.upstreams}
    for upstream, manner in zip(s.upstreams, ("500", "hangs", "resets", "well")):
        times = came[upstream.name]
        print(f"  {upstream.name} {manner:7}", " | ".join(" ".join(map(str, per_slice(times, a, b))) for a, b in (
            (onset - 1_000_000, onset), (onset, recovery), (recovery, end))))
    counted = [r for r in requests if r.begin >= onset + 2_000_000]
    bad = failed(counted)
    share = 1 - len(bad) / max(1, len(counted))
    s.claim(share >= 0.999, f"bad-targets: {100 * share:.3f} % of {len(counted)} GETs from 2 s after onset succeeded "
                            f"({kinds(bad)}); expected 99.9 %")
    early = failed([r for r in requests if onset <= r.begin < onset + 2_000_000])
    print(f"in the first 2 s {len(early)} failed ({kinds(early)})")
    print("what the proxy said, from onset:")
    s.tell_events(onset)
    for upstream in s.upstreams[:3]:
        times = came[upstream.name]
        inside, spans = 0, unusable(s.events(), upstream.name, onset, recovery)
        for begin, until in spans:
            # What had been sent before the ejection may still arrive, later the busier the machine is.
            inside += sum(1 for t in times if begin + 250_000 < t < until)
        s.claim(spans and not inside, f"bad-targets: {upstream.name} got {inside} requests while it was out ("
                + (", ".join(f"{(b - onset) / 1e6:.1f}..{(u - onset) / 1e6:.1f} s" for b, u in spans) or "it never was") + "); expected 0")
        after = per_slice(times, recovery, end)
        back = next((i for i, n in enumerate(after) if n > 0), None)
        growing = after[back:back + 10] if back is not None else []
        s.claim(len(growing) == 10 and sum(growing[:3]) < 0.5 * sum(growing[7:]),
                f"bad-targets: {upstream.name} came back slowly: {growing} in its first half seconds; expected less in the first 1.5 s "
                "than half of the last 1.5 s of 5 s")
        last = [sum(per_slice(t, end - 3_000_000, end - 1_000_000)) for t in came.values()]
        mine = last[s.upstreams.index(upstream)] / max(1, sum(last))
        s.claim(0.2 <= mine <= 0.3, f"bad-targets: {upstream.name} has {100 * mine:.0f} % of the requests at the end; expected 20 to 30 %")
    s.end()


def unusable(events, name, start, end):
    """The spans of time from start to end in which a target was ejected or unhealthy, or both."""
    reasons, since, spans = set(), 0, []
    begins, ends = {"EJECTED": "EJECTED", "UNHEALTHY": "UNHEALTHY"}, {"RETURNED": "EJECTED", "HEALTHY": "UNHEALTHY"}
    for at, who, what, _ in events:
        if who != name:
            continue
        if what in begins:
            since = since if reasons else at
            reasons.add(begins[what])
        elif what in ends and ends[what] in reasons:
            reasons.discard(ends[what])
            if not reasons:
                spans.append((since, at))
    if reasons:
        spans.append((since, end))
    return [(max(a, start), min(b, end)) for a, b in spans if b > start and a < end]


def storm(s):
    """Retries must not multiply what a sick upstream gets: an open loop against targets that all fail."""
    seconds, per_second = s.quick(20, 5), s.quick(1_000, 300)
    for guards in ("off", "on"):
        for manner in ("answer 503", "reset", "hang"):
            what = f"storm, breaker and ejection {guards}, {manner}"
            s.start_upstreams(3)
            s.start_proxy(s.config({**RETRY, **(GUARDS if guards == "on" else EJECTION_OFF)}, ATTEMPT))
            s.warm()
            # The budget looks back ten seconds; what was sent to warm up must not pay for retries.
            time.sleep(10.5)
            for upstream in s.upstreams:
                upstream.tell(manner)
            load = Load(s.lab, "storm", clients=3_000, rate=per_second, seconds=seconds, timeout_ms=10_000)
            figured, requests = load.finish()
            attempts = sum(len(u.received()) for u in s.upstreams)
            allowed = 1.2 * len(requests) + BUDGET_FLOOR
            print(f"{what}: {figure_line(figured)}; answers: {kinds(requests)}")
            s.claim(attempts <= allowed, f"{what}: {attempts} attempts for {len(requests)} requests; expected at most "
                                         f"{allowed:.0f} (1.2 x and the floor)")
            s.claim(len(requests) >= 0.99 * per_second * seconds, f"{what}: the load was sent ({len(requests)} requests)")
            s.end()


def skew(s):
    """Targets with 1:2:4 of weight, then with latencies of 20, 10 and 5 ms; ideal is each target equally loaded."""
    runs = [("weights 1, 2, 4", [1, 2, 4], [10, 10, 10]), ("latencies 20, 10, 5 ms", [1, 1, 1], [20, 10, 5]),
            ("weights 1, 2, 4 and latencies 20, 10, 5 ms", [1, 2, 4], [20, 10, 5])]
    for balancer in ("leastRequests", "powerOfTwoChoices"):
        for title, weights, latencies in runs:
            what = f"skew, {balancer}, {title}"
            s.start_upstreams(3)
            for upstream, latency in zip(s.upstreams, latencies):
                upstream.tell(f"slow {latency}")
            targets = [{"url": u.url, "weight": w} for u, w in zip(s.upstreams, weights)]
            s.start_proxy(s.config({"targets": targets, "loadBalancer": balancer}))
            s.warm()
            load = Load(s.lab, "skew", clients=s.quick(100, 50), requests=s.quick(60_000, 6_000))
            figured, requests = load.finish()
            # As many on their way as the weight says: what a target is sent is that, divided by how long it takes.
            measured = latency_of(requests)
            parts = [w / measured[u.name] for u, w in zip(s.upstreams, weights)]
            ideal = [p / sum(parts) for p in parts]
            came = [len(u.received()) / len(requests) for u in s.upstreams]
            off = [c / i - 1 for c, i in zip(came, ideal)]
            bad = failed(requests)
            print(f"{what}: {figure_line(figured)}")
            s.claim(not bad and all(abs(o) <= 0.1 for o in off),
                    f"{what}: " + ", ".join(f"{u.name} {100 * c:.1f} % (ideal {100 * i:.1f})"
                                            for u, c, i in zip(s.upstreams, came, ideal))
                    + f"; {kinds(bad)} failed; expected within 10 % of ideal")
            s.end()


def latency_of(requests):
    times = {}
    for r in requests:
        times.setdefault(r.upstream, []).append(r.end - r.begin)
    return {name: sum(t) / len(t) for name, t in times.items()}


def stale(s):
    """One pool, or one pool of two targets, for each client, so that no client keeps another's connection warm."""
    for targets in (1, 2):
        upstreams = s.start_upstreams(targets, idle_ms=1_000)
        clients, requests = s.quick(200, 40), s.quick(10_000, 400)
        config = s.config()
        config["pools"] = [{"name": f"c{i}", "targets": [u.url for u in upstreams]} for i in range(clients)]
        config["routes"] = [{"id": f"c{i}", "match": {"path": f"/c{i}"}, "to": f"c{i}"} for i in range(clients)]
        s.start_proxy(config)
        load = Load(s.lab, "stale", clients=clients, requests=requests, pause_min_ms=900, pause_max_ms=1_100, path_per_client=1)
        figured, done = load.finish(300)
        print(f"stale, {targets} target(s): {figure_line(figured)}")
        last, close = {}, 0
        for request in sorted(done):
            if abs(request.begin - last.get(request.client, 0) - 1_000_000) < 2_000:
                close += 1
            last[request.client] = request.end
        print(f"{close} requests came within 2 ms of the moment at which the upstream closes")
        bad = failed(done)
        s.claim(not bad, f"stale, {targets} target(s): {len(bad)} of {len(done)} requests failed ({kinds(bad)}); expected 0")
        s.end()


def cpu(s):
    """compare.py's rounds, with two configurations of Fairlead as the proxies."""
    from compare import one_round
    lab, seconds, rounds, warm = s.lab, s.quick(6, 3), s.quick(7, 2), s.quick(20, 4)
    lab.start_origin()
    running = {name: lab.start_proxy(name) for name in ("bare", "guarded")}
    for name in running:
        wrk(lab.url(name, "/1k"), 64, warm)
    cpus = {name: [] for name in running}
    errors = 0
    for _ in range(rounds):
        for name, process in running.items():
            measured = one_round(lab, name, process, "/1k", (), 64, seconds)
            cpus[name].append(measured["cpu"])
            errors += measured["errors"]
    for name, values in cpus.items():
        print(f"cpu: {name:8} {median(values):.1f} us per request, {min(values):.1f}..{max(values):.1f} in {rounds} rounds of {seconds} s")
    ratio = median(cpus["guarded"]) / median(cpus["bare"])
    s.claim(ratio <= 1.1, f"cpu: health checks, outlier detection, breaker and retry on: {ratio:.3f} x the bare route; expected <= 1.1")
    s.claim(errors == 0, f"cpu: {errors} errors; expected 0")


def drain(s):
    """SIGTERM with uploads, events and slow downloads on their way; once with time enough for all, once without."""
    for title, stop_timeout in (("time enough", 30), ("cut after 1 s", 1)):
        what = f"drain, {title}"
        s.start_upstreams(3)
        s.start_proxy(s.config(stopTimeout=f"{stop_timeout}s"))
        s.warm()
        third, pieces = s.quick(334, 40), s.quick(100, 50)
        loads = [
            Load(s.lab, "uploads", clients=third, requests=third, post_percent=100, body_bytes=40_000, body_pieces=pieces,
                 body_piece_ms=100, prefix="u"),
            Load(s.lab, "events", path=f"/events/{pieces}/100", clients=third, requests=third, expect_bytes=16 * pieces, check_id=0, prefix="e"),
            # More than all socket buffers hold, so that it is on its way in the proxy too.
            Load(s.lab, "downloads", path=f"/big/{8 << 20}", clients=third, requests=third, expect_bytes=8 << 20, check_id=0,
                 read_bytes=200_000, read_ms=100, prefix="d")]
        on_way = 0
        end = time.monotonic() + 15
        while on_way < 3 * third and time.monotonic() < end:
            time.sleep(0.05)
            on_way = sum(len(u.received(p)) for u in s.upstreams for p in "ued")
        time.sleep(0.3)
        done = sum(len(u.answered() & {r.id for p in "ue" for r in u.received(p)}) for u in s.upstreams)
        begin = time.monotonic()
        s.proxy.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        s.claim(refused(PROXY_PORT), f"{what}: a new connection is refused while it drains")
        try:
            s.proxy.wait(stop_timeout + 10)
            took = time.monotonic() - begin
        except subprocess.TimeoutExpired:
            took = float("inf")
        requests = [r for load in loads for r in load.finish()[1]]
        bad = failed(requests)
        printed = s.lab.printed("fairlead")
        print(f"{what}: {on_way} on their way, {done} of them done before SIGTERM; the proxy ended after {took:.1f} s and said: "
              + " / ".join(line for line in printed.splitlines() if not line.startswith("listening")))
        s.claim(on_way == 3 * third and done == 0, f"{what}: {on_way - done} requests were on their way; expected {3 * third}")
        s.claim(took <= stop_timeout + 3, f"{what}: the process ended {took:.1f} s after SIGTERM; expected at most {stop_timeout} s and "
                                          "a little for the JVM")
        wrong = [r for r in bad if r.outcome == "wrong"]
        if stop_timeout > 5:
            s.claim(not bad, f"{what}: {len(requests) - len(bad)} of {len(requests)} finished ({kinds(bad)}); expected all")
        else:
            reported = sum(int(n) for n in re.findall(r"(\d+) exchanges were cut", printed))
            s.claim(bad and not wrong, f"{what}: {len(bad)} of {len(requests)} were cut and saw it ({kinds(bad)})")
            s.claim(reported == len(bad), f"{what}: {reported} reported as cut; expected {len(bad)}")
        s.end()


def refused(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return False
    except ConnectionRefusedError:
        return True


def rate(s):
    """Eight clients ask for far more than a token bucket gives."""
    seconds, permits, burst = s.quick(10, 3), 100, 50
    s.start_upstreams(1)
    s.start_proxy(s.config(route={"middleware": [{"type": "rateLimit", "limits": [
        {"permits": permits, "period": "1s", "burst": burst}]}]}))
    s.warm()
    # Until the bucket is full again.
    time.sleep(2 * burst / permits)
    load = Load(s.lab, "rate", clients=8, seconds=seconds + 3, pause_min_ms=2, pause_max_ms=6)
    figured, requests = load.finish()
    requests.sort(key=lambda r: r.end)
    passed = [r.end for r in requests if r.outcome == "ok"]
    other = [r for r in requests if r.outcome != "ok" and r.status != 429]
    # From the first refusal on the bucket is empty, and what passes is what flows in.
    empty = next((r.end for r in requests if r.status == 429), requests[-1].end)
    at_once = sum(1 for t in passed if t < empty)
    flowed = sum(1 for t in passed if empty <= t < empty + seconds * 1_000_000)
    most = burst + permits * (empty - requests[0].begin) / 1e6
    print(f"rate: {figure_line(figured)}; passed per 500 ms: {per_slice(passed, requests[0].end, requests[-1].end)}")
    s.claim(abs(flowed - permits * seconds) <= 0.02 * permits * seconds,
            f"rate: {flowed} passed in {seconds} s from the first refusal; expected {permits * seconds} +- 2 %")
    s.claim(burst <= at_once <= most + 1, f"rate: {at_once} passed before; expected the burst of {burst} and what flowed in meanwhile, "
                                          f"at most {most:.0f}")
    s.claim(not other, f"rate: all others were answered 429 ({kinds(other)})")
    s.end()


def fairness(s):
    """1,000 clients ask at once for what one connection has to serve; the connection goes round the four I/O threads."""
    s.start_upstreams(1)
    wait = 20
    s.start_proxy(s.config({"maxConnectionsPerTarget": 1, "maxQueued": 2_000, "queueTimeout": f"{wait}s"}), threads=4)
    s.warm(500)
    s.upstreams[0].tell("slow 2")
    requests = s.quick(1_000, 200)
    load = Load(s.lab, "fairness", clients=requests, requests=requests)
    figured, done = load.finish()
    print(f"fairness: {figure_line(figured)}")
    bad = failed(done)
    s.claim(not bad and len(done) == requests, f"fairness: {len(done) - len(bad)} of {requests} served ({kinds(bad)}); expected all")
    s.claim(figured["max_ms"] < wait * 1e3, f"fairness: the longest took {figured['max_ms']:.0f} ms; expected less than {wait} s")
    s.end()


def overload(s):
    """A server that does ten requests at once in 20 ms each is asked for twice that, and then what a refusal costs."""
    places, millis, seconds, warm = 10, 20, s.quick(30, 6), s.quick(10, 3)
    capacity = places * 1_000 // millis
    for what, limit in (("no limit", None), ("fixed", {"max": 2 * places}), ("adaptive", {"min": 2, "max": 500})):
        s.start_upstreams(1)
        s.start_proxy(s.config({"targetConcurrency": limit} if limit else {}))
        # Before it is warmed up: an adaptive limit takes half a minute to believe that a server has become slower for good.
        s.upstreams[0].tell(f"serve {places} {millis}")
        s.warm(2_000)
        # 5 s is when clients give up.
        load = Load(s.lab, "overload", clients=6_000, rate=2 * capacity, seconds=warm + seconds, timeout_ms=5_000)
        figured, requests = load.finish()
        first = min(r.begin for r in requests) + warm * 1_000_000
        late = [r for r in requests if first <= r.begin < first + seconds * 1_000_000]
        good = sorted(r.end - r.begin for r in late if r.outcome == "ok")
        refused = sorted(r.end - r.begin for r in late if r.status == 503)
        other = [r for r in late if r.outcome != "ok" and r.status != 503]

        def p99(times):
            return times[len(times) * 99 // 100] / 1e3 if times else 0.0

        share = len(good) / (capacity * seconds)
        print(f"overload, {what}: of {len(late)} requests {len(good)} answered ({share:.0%} of what the server can do), p99 "
              f"{p99(good):.0f} ms; {len(refused)} refused, p99 {p99(refused):.1f} ms; {len(other)} others ({kinds(other)})")
        if limit:
            s.claim(share >= 0.9, f"overload, {what}: the server was kept at work: {share:.0%} of what it can do; expected >= 90 %")
            s.claim(p99(good) <= 200, f"overload, {what}: p99 of the answered {p99(good):.0f} ms; expected <= 200 ms, ten times the work")
            s.claim(p99(refused) <= 50, f"overload, {what}: p99 of the refused {p99(refused):.1f} ms; expected <= 50 ms")
            s.claim(not other, f"overload, {what}: nobody waited in vain ({kinds(other)})")
        s.end()
    refusal(s)


def refusal(s):
    """A pool of one place, which is taken: all others are refused; beside it, forwarding on the same proxy."""
    from compare import cpu_seconds
    s.start_upstreams(2)
    config = s.config()
    config["pools"] = [{"name": "free", "targets": [s.upstreams[0].url]},
                       {"name": "full", "targets": [s.upstreams[1].url], "maxConcurrentRequests": 1}]
    config["routes"] = [{"id": "full", "match": {"path": "/full"}, "to": "full"}, {"id": "all", "to": "free"}]
    s.start_proxy(config)
    s.upstreams[1].tell("hang")
    seconds, rounds, warm = s.quick(5, 2), s.quick(5, 2), s.quick(10, 3)
    holder = socket.create_connection(("127.0.0.1", PROXY_PORT))
    holder.sendall(b"GET /full HTTP/1.1\r\nHost: test\r\n\r\n")
    cpus = {"/": [], "/full": []}
    refused = 0
    for path in cpus:
        wrk(f"http://127.0.0.1:{PROXY_PORT}{path}", 64, warm)
    for _ in range(rounds):
        for path, values in cpus.items():
            before = cpu_seconds(s.proxy.pid)
            done = wrk(f"http://127.0.0.1:{PROXY_PORT}{path}", 64, seconds)
            values.append((cpu_seconds(s.proxy.pid) - before) / done["requests"] * 1e6)
            refused += done["errors"] if path == "/full" else 0
            if path == "/full" and done["errors"] != done["requests"]:
                s.claim(False, f"overload: {done['requests'] - done['errors']} requests got into a pool that was full")
    holder.close()
    forwarded, cheap = median(cpus["/"]), median(cpus["/full"])
    s.claim(cheap <= 0.6 * forwarded, f"overload: a refusal costs {cheap:.1f} us of CPU, {cheap / forwarded:.2f} x what forwarding does "
                                      f"({forwarded:.1f} us; {refused} refusals); expected <= 0.6")
    s.end()


SCENARIOS = {"rolling": rolling, "kill9": kill9, "bad-targets": bad_targets, "storm": storm, "skew": skew, "stale": stale, "cpu": cpu,
             "drain": drain, "rate": rate, "fairness": fairness, "overload": overload}


def main():
    description = __doc__
    for name, takes in TAKES.items():
        description = description.replace("{" + name + "}", takes)
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=[*SCENARIOS, "all"], nargs="+")
    parser.add_argument("--settings", choices=("defaults", "recommended", "both"), default="both",
                        help="of rolling and kill9: nothing but --upstream, or the recommended preset (default: both)")
    parser.add_argument("--quick", action="store_true", help="short runs with few clients, to see that the tool works")
    parser.add_argument("--keep", metavar="FOLDER", help="where the logs go (default: nowhere, those of a failed scenario to the temporary directory)")
    options = parser.parse_args()
    need("taskset")
    load_class_path()
    print(describe())
    claims = []
    for name in SCENARIOS if "all" in options.what else options.what:
        with Lab() as lab:
            print(f"\n== {name}", flush=True)
            scenario = Scenario(lab, options)
            SCENARIOS[name](scenario)
            claims += scenario.claims
            if options.keep or not all(holds for holds, _ in scenario.claims):
                kept = os.path.join(options.keep or os.path.dirname(lab.tmp), f"resilience-{name}-{os.getpid()}")
                shutil.copytree(lab.tmp, kept)
                print(f"logs: {kept}")
    missed = [text for holds, text in claims if not holds]
    print(f"\n{len(claims) - len(missed)} claims hold, {len(missed)} do not")
    for text in missed:
        print(f"FAIL  {text}")
    return 1 if missed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        sys.exit(f"resilience.py: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
