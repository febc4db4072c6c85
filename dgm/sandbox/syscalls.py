"""The numbers of the system calls that `sandbox/seccomp.json` may name, per machine.

Source: Linux, `arch/x86/entry/syscalls/syscall_64.tbl` and `scripts/syscall.tbl`. A number never
changes once given. Columns: x86_64, aarch64; None:
this machine has no such call.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NEWEST_SYSCALL = 469  # Linux 6.18; a later call could be one the profile would have to refuse

X86_64, AARCH64 = "x86_64", "aarch64"

SYSCALLS: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {
        "_sysctl": (156, None),
        "acct": (163, 89),
        "add_key": (248, 217),
        "adjtimex": (159, 171),
        "bpf": (321, 280),
        "chroot": (161, 51),
        "clock_adjtime": (305, 266),
        "clock_settime": (227, 112),
        "clone": (56, 220),
        "clone3": (435, 435),
        "create_module": (174, None),
        "delete_module": (176, 106),
        "fanotify_init": (300, 262),
        "fanotify_mark": (301, 263),
        "finit_module": (313, 273),
        "fsconfig": (431, 431),
        "fsmount": (432, 432),
        "fsopen": (430, 430),
        "fspick": (433, 433),
        "get_kernel_syms": (177, None),
        "init_module": (175, 105),
        "io_uring_enter": (426, 426),
        "io_uring_register": (427, 427),
        "io_uring_setup": (425, 425),
        "ioctl": (16, 29),
        "ioperm": (173, None),
        "iopl": (172, None),
        "kcmp": (312, 272),
        "kexec_file_load": (320, 294),
        "kexec_load": (246, 104),
        "keyctl": (250, 219),
        "lookup_dcookie": (212, 18),
        "memfd_secret": (447, 447),
        "migrate_pages": (256, 238),
        "modify_ldt": (154, None),
        "mount": (165, 40),
        "mount_setattr": (442, 442),
        "move_mount": (429, 429),
        "move_pages": (279, 239),
        "name_to_handle_at": (303, 264),
        "nfsservctl": (180, 42),
        "open_by_handle_at": (304, 265),
        "open_tree": (428, 428),
        "open_tree_attr": (467, 467),
        "perf_event_open": (298, 241),
        "personality": (135, 92),
        "pidfd_getfd": (438, 438),
        "pivot_root": (155, 41),
        "process_madvise": (440, 440),
        "process_vm_readv": (310, 270),
        "process_vm_writev": (311, 271),
        "ptrace": (101, 117),
        "query_module": (178, None),
        "quotactl": (179, 60),
        "quotactl_fd": (443, 443),
        "reboot": (169, 142),
        "request_key": (249, 218),
        "setdomainname": (171, 162),
        "sethostname": (170, 161),
        "setns": (308, 268),
        "settimeofday": (164, 170),
        "socket": (41, 198),
        "socketpair": (53, 199),
        "swapoff": (168, 225),
        "swapon": (167, 224),
        "sysfs": (139, None),
        "syslog": (103, 116),
        "umount2": (166, 39),
        "unshare": (272, 97),
        "uselib": (134, None),
        "userfaultfd": (323, 282),
        "ustat": (136, None),
        "vhangup": (153, 58),
    }
)
