"""Shell commands: each in a session of its own, killed as a whole when its time is over."""

import os
import signal
import subprocess
import tempfile
import threading

CAPTURE = 1_000_000  # bytes kept of an output; what comes after is read and dropped


def run(command, folder, timeout):
    """Return what a command printed, and its exit code."""
    output = bytearray()
    with tempfile.NamedTemporaryFile(suffix=".sh") as script:
        script.write(command.encode())
        script.flush()
        process, reader = start(["bash", script.name], folder, output)
        waiter = threading.Thread(target=process.wait, daemon=True)
        waiter.start()
        waiter.join(timeout)  # process.wait(timeout) naps ever longer, and oversleeps
        if waiter.is_alive():
            os.killpg(process.pid, signal.SIGKILL)
            waiter.join()
            output += f"\n[killed after {timeout} s]".encode()
    reader.join(0.3)  # a background child may hold the pipe open: do not wait for it
    return output.decode("utf-8", "replace"), process.returncode


def start(command, folder, output):
    """Start a process, and a thread that collects what it prints."""
    source, sink = os.pipe()
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=sink,
        stderr=sink,
        start_new_session=True,
    )
    os.close(sink)
    reader = threading.Thread(target=drain, args=(source, output), daemon=True)
    reader.start()
    return process, reader


def drain(source, output):
    while chunk := os.read(source, 65536):
        output += chunk[: max(0, CAPTURE - len(output))]
    os.close(source)
