"""Runs at the start of each Python with this folder on its PYTHONPATH: reports its imports, also at its end.

It takes its folder off the path and hands over to the environment's own `sitecustomize`. Any Python may run it, so
its syntax is one that all of them read; only the environment that ASSAY_IMPORTS names is recorded. It never raises
and never prints. At the start it only starts a thread; `report_imports.py` is loaded when there is something to do.
"""

import atexit
import os
import sys
import time

FIRST, EVERY = 10.0, 300.0  # seconds until the first look, and at most between two; each waits twice as long
MEANWHILE, AT_END = 10.0, 1.0  # seconds that a report may take: now and then, and while the process waits for it
PATIENCE = 0.008  # seconds that an ending process waits for the answer
WARNED = (3, 12)  # since this Python, a fork of a process with threads is warned of


class Watch(object):
    """A thread that reports: it never keeps the process from ending, and gives way to forks."""

    def __init__(self, folder, words):
        self.folder, self.words = folder, words
        self.pause = FIRST
        self.due = time.monotonic() + FIRST
        self.reporter = None
        self.ending = self.paused = False

    def start(self):
        """Report now and then, and at the end of this process; in forks of it, too."""
        atexit.register(self.end)
        if sys.version_info >= WARNED:
            os.register_at_fork(before=self.before_fork, after_in_parent=self.after_fork)
        os.register_at_fork(after_in_child=self.begin)
        self.begin()

    def begin(self):
        """Start the thread, with locks that no other process holds."""
        import _thread

        try:
            self.wake, self.gone = _thread.allocate_lock(), _thread.allocate_lock()
            self.wake.acquire()
            self.gone.acquire()
            self.ending = self.paused = False
            _thread.start_new_thread(self.run, (self.wake, self.gone))
        except Exception:  # without a thread nothing is reported
            self.gone.release()

    def run(self, wake, gone):
        """Report when it is due, until woken; then once more if the process ends."""
        try:
            while not wake.acquire(True, max(0.0, self.due - time.monotonic())):
                self.report(MEANWHILE, MEANWHILE)
                self.pause = min(2 * self.pause, EVERY)
                self.due = time.monotonic() + self.pause
            if self.ending:
                self.report(AT_END, PATIENCE)
        finally:
            gone.release()

    def report(self, seconds, patience):
        """Report what is imported by now, within so many seconds; wait for the answer as long as `patience`."""
        try:
            if self.reporter is None:
                name, path = "assay_report_imports", self.folder + "/report_imports.py"
                loader = sys.modules["_frozen_importlib_external"].SourceFileLoader(name, path)
                found = {"__name__": name}
                exec(loader.get_code(name), found)
                self.reporter = found["Reporter"](*self.words)
            self.reporter.report(seconds, patience)
        except BaseException:  # a person's work goes on, whatever it is
            pass

    def end(self):
        """Wait for the last report, a second at most."""
        try:
            self.ending = True
            self.wake.release()
            self.gone.acquire(True, AT_END)
        except BaseException:
            pass

    def before_fork(self):
        """End the thread where it is the only other one."""
        try:
            if len(os.listdir("/proc/self/task")) == 2 and not self.gone.acquire(False):
                self.paused = True
                self.wake.release()
                self.gone.acquire(True, 0.05)
                for _ in range(50):
                    if len(os.listdir("/proc/self/task")) == 1:
                        break
                    time.sleep(0.0002)
        except Exception:
            pass

    def after_fork(self):
        """Start the thread again where it gave way."""
        if self.paused:
            self.begin()


def main():
    """Leave the path, and watch this process if it runs in the environment that ASSAY_IMPORTS names."""
    here = os.path.dirname(__file__)
    sys.path[:] = [one for one in sys.path if one != here]
    sys.path_importer_cache.pop(here, None)
    words = os.environ.get("ASSAY_IMPORTS", "").split(" ")
    if len(words) == 4 and os.path.basename(sys.prefix) == words[0]:
        try:
            Watch(here, words[1:]).start()
        except Exception:
            pass


if __name__ == "sitecustomize":
    main()
    del sys.modules["sitecustomize"]
    import sitecustomize  # the environment's own; without one Python goes on, as it does without this file
