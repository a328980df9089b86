"""Runs a command on a terminal of its own and answers what it asks.

Reads one JSON object on stdin: argv, cwd, env, and steps, a list of [wait for this text, type this, then
send this signal, if there is one]. `early` is typed before the command runs.
Prints what the terminal showed and ends with the command's exit code; 99 when a text did not come.
"""
import fcntl, json, os, pty, select, struct, sys, termios, time

job = json.load(sys.stdin)
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
    os.chdir(job["cwd"])
    os.execvpe(job["argv"][0], job["argv"], job["env"])

os.write(terminal, job.get("early", "").encode())
shown = b""
seen = 0
steps = list(job["steps"])
deadline = time.monotonic() + job["timeout_s"]
while True:
    ready, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
    if not ready:
        os.kill(pid, 9)
        sys.stdout.write(shown.decode("utf-8", "replace"))
        sys.exit(99)
    try:
        chunk = os.read(terminal, 65536)
    except OSError:
        chunk = b""
    if not chunk:
        break
    shown += chunk
    while steps:
        at = shown.find(steps[0][0].encode(), seen)
        if at < 0:
            break
        seen = at + len(steps[0][0].encode())
        _, typed, *signals = steps.pop(0)
        os.write(terminal, typed.encode())
        for signal in signals:
            os.kill(pid, signal)
_, status = os.waitpid(pid, 0)
sys.stdout.write(shown.decode("utf-8", "replace"))
sys.exit(99 if steps else os.waitstatus_to_exitcode(status))
