from adain_jax.runtime.available import available_memory

GIB = 1 << 30


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def machine(root, gibibytes):
    kib = gibibytes * GIB // 1024
    write(root / "proc/meminfo", f"MemTotal: 99999999 kB\nMemAvailable: {kib} kB\nHugePages: 0\n")


def group(root, name, limit, used, files=0):
    folder = root / "sys/fs/cgroup" / name
    write(folder / "memory.max", f"{limit}\n")
    write(folder / "memory.current", f"{used}\n")
    write(folder / "memory.stat", f"anon 5\ninactive_file {files}\n")


def test_what_the_kernel_says(tmp_path):
    machine(tmp_path, 3)
    assert available_memory(tmp_path) == 3 * GIB
    assert 0 < available_memory() < 1 << 50


def test_a_group_s_limit_counts_if_it_leaves_less(tmp_path):
    machine(tmp_path, 30)
    write(tmp_path / "proc/self/cgroup", "1:cpu:/old\n0::/user/job\n")
    group(tmp_path, "user/job", "max", GIB)
    assert available_memory(tmp_path) == 30 * GIB
    group(tmp_path, "user", 8 * GIB, 5 * GIB, files=GIB)
    assert available_memory(tmp_path) == 4 * GIB
    group(tmp_path, "", 2 * GIB, 3 * GIB)  # as a container has it
    assert available_memory(tmp_path) == 0


def test_a_machine_that_says_nothing(tmp_path):
    assert available_memory(tmp_path) > 0
