"""``vigie run`` as a reader would use it: started, found to answer at the address it prints, ended with Ctrl-C.

With VIGIE_STAYS in the environment it goes on until standard input is closed. VIGIE_PORT is its port.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request

arguments = [*sys.argv[1:], "--no-browser"]
if "--port" not in arguments:
    arguments += ["--port", os.environ["VIGIE_PORT"]]
service = subprocess.Popen(
    [sys.executable, "-m", "vigie", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
)
assert service.stdout is not None
for line in service.stdout:
    print(line, end="", flush=True)
    if address := re.search(r"Vigie at (http://\S+?),", line):
        with urllib.request.urlopen(f"{address[1]}/healthz", timeout=20) as reply:
            assert reply.status == 200
        if os.environ.get("VIGIE_STAYS"):
            sys.stdin.read()
        service.send_signal(signal.SIGINT)
        break
print(service.stdout.read(), end="")
sys.exit(service.wait(20))
