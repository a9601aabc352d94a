"""The look of `tidegate doctor` at the decoding sandbox: a worker is started and asked."""

from tidegate.content.media.examining import Code
from tidegate.content.media.model import MediaLimits
from tidegate.content.media.pixels import Pixels
from tidegate.content.media.process import Worker, WorkerFailed
from tidegate.content.media.sandbox import Protections
from tidegate.infra.findings import Finding

_HASHER = "tidegate.content.media.diagnosis:no_codes"


def no_codes(rgb: Pixels) -> list[Code]:
    """A hasher for looking at the worker alone."""
    return []


def diagnose() -> list[Finding]:
    """One finding for each protection of the media workers, with the way to get it."""
    try:
        worker = Worker(_HASHER, MediaLimits(), lambda kind, value, quality: False)
    except WorkerFailed as failure:
        mend = "Install the program anew; the media decoder runs on Linux only."
        return [Finding("media decoder", False, str(failure), mend)]
    worker.kill()
    return [Finding("media decoder", True, "a worker starts"), *findings(worker.protections)]


def findings(held: Protections) -> list[Finding]:
    """What `held` means, one line for each layer."""
    return [
        _finding("media user", True, f"decodes as uid {held.uid}")
        if held.own_uid
        else _finding(
            "media user",
            held.uid != 0,
            f"decodes under the server's own uid {held.uid}",
            "Start the server as an ordinary user, or with the right to change to uid 61180.",
        ),
        _finding(
            "media limits",
            held.limits,
            "memory, time, files and processes are limited",
            "A limit cannot be set: raise the hard limits of the service (ulimit -H -a).",
        ),
        _finding(
            "media capabilities",
            held.no_capabilities and held.no_new_privileges and held.undumpable,
            "no capabilities, no new ones, not to be traced",
            "The kernel refused to take privileges away: look at the container's seccomp profile.",
        ),
        _finding(
            "media network",
            held.own_network,
            "a network namespace with nothing in it",
            "Allow user namespaces (sysctl user.max_user_namespaces, AppArmor or container "
            "profile). Until then the system call filter alone keeps the network away.",
        ),
        _finding(
            "media files",
            held.landlock > 0,
            f"Landlock, version {held.landlock}",
            "Use Linux 5.13 or later with `landlock` among the security modules (lsm=…). Until "
            "then the system call filter alone keeps files away.",
        ),
        _finding(
            "media system calls",
            held.seccomp,
            "a seccomp filter allows arithmetic only",
            "Use a kernel with CONFIG_SECCOMP_FILTER on x86_64 or aarch64.",
        ),
        _finding(
            "media end",
            held.dies_with_parent,
            "workers end with the server",
            "The kernel refused PR_SET_PDEATHSIG: workers end when their pipe closes instead.",
        ),
    ]


def _finding(name: str, ok: bool, detail: str, mend: str = "") -> Finding:
    return Finding(name, ok, detail if ok else f"missing: {detail}", "" if ok else mend)
