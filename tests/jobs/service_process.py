"""A service for the supervisor's tests: does what its arguments say, in the words of a real one."""

import os
import signal
import sys
import time

what = sys.argv[1]
if what == "serve":
    signal.signal(signal.SIGTERM, lambda *_: (print("finishing", flush=True), sys.exit(0)))
    print("starting", flush=True)
    print("ready", flush=True)
    time.sleep(60)
elif what == "secret":
    with os.fdopen(int(sys.argv[sys.argv.index("--fd") + 1]), "rb") as pipe:
        print("got", len(pipe.read()), flush=True)
    print("ready", flush=True)
    time.sleep(60)
elif what == "environment":
    print(*sorted(os.environ), flush=True)
    print("ready", flush=True)
    time.sleep(60)
elif what == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("ready", flush=True)
    time.sleep(60)
elif what == "refuse":
    print("error: the passphrase is wrong \x1b[2J", file=sys.stderr, flush=True)
    sys.exit(int(sys.argv[2]))
elif what == "flood":
    print("ready", flush=True)
    while True:
        print("x" * 1000)
