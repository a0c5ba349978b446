"""Casbin in Python as a program that decides in process; the commands are those of `src/peers/embedded.rs`.

`FastEnforcer` looks rules up by resource and action, so that only those about the same resource are evaluated.
"""

import importlib.metadata
import json
import sys
import time
from pathlib import Path

import casbin

MODEL = Path(__file__).with_name("model.conf")
RESOURCE, ACTION = 1, 2


def read_questions(path):
    for line in path.read_text().splitlines():
        user, _roles, film, labels = line.split("\t")
        yield user, f"film:{film}", [f"label:{label}" for label in labels.split(",")]


def may_read(enforcer, user, film, labels):
    return not enforcer.enforce(user, film, "exclude") and all(
        enforcer.enforce(user, label, "read") for label in labels
    )


def answers(enforcer, questions, seconds):
    end = time.perf_counter() + seconds
    given = []
    for question in questions:
        given.append("1" if may_read(enforcer, *question) else "0")
        if time.perf_counter() > end:
            break
    return "".join(given)


def run(enforcer, questions, seconds):
    times = []
    start = last = time.perf_counter()
    while last - start < seconds:
        may_read(enforcer, *questions[len(times) % len(questions)])
        now = time.perf_counter()
        times.append(now - last)
        last = now
    times.sort()
    return json.dumps(
        {
            "per_second": len(times) / (last - start),
            "p50_us": times[len(times) // 2] * 1e6,
            "p99_us": times[len(times) * 99 // 100] * 1e6,
        }
    )


def main():
    folder = Path(sys.argv[1])
    enforcer = casbin.FastEnforcer(
        str(MODEL), str(folder / "policy.csv"), cache_key_order=[RESOURCE, ACTION]
    )
    questions = list(read_questions(folder / "questions.tsv"))
    print("ready", importlib.metadata.version("casbin"), flush=True)
    commands = {"answer": answers, "run": run}
    for line in sys.stdin:
        command, seconds = line.split()
        print(commands[command](enforcer, questions, float(seconds)), flush=True)


main()
