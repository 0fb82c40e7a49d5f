import json
import os
import subprocess
from pathlib import Path

import torch

from leadline.machine import environment


def test_describes_this_machine_in_plain_json(tmp_path):
    described = environment.describe(tmp_path)
    assert json.loads(json.dumps(described)) == described
    assert described["versions"]["torch"] == torch.__version__
    assert 1 <= described["cpu"]["cores"] <= (os.cpu_count() or 1)
    assert described["cpu"]["threads"] == torch.get_num_threads()
    assert described["cpu"]["memory_gb"] is None or described["cpu"]["memory_gb"] > 0.1
    assert len(described["gpus"]) == torch.cuda.device_count()


def test_names_no_host_user_or_path():
    text = json.dumps(environment.describe())
    assert str(Path.home()) not in text
    assert str(Path.cwd()) not in text


def test_absent_package_is_none():
    assert environment.version_of("no-such-package-anywhere") is None


def test_git_commit_and_whether_files_differ(tmp_path):
    def git(*words: str) -> str:
        author = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
        return subprocess.run(
            ["git", "-C", str(tmp_path), *author, *words], capture_output=True, text=True, check=True
        ).stdout.strip()

    assert environment.git(tmp_path) is None
    git("init", "--quiet")
    (tmp_path / "a").write_text("1")
    git("add", "a")
    git("commit", "--quiet", "-m", "first")
    assert environment.git(tmp_path) == {"commit": git("rev-parse", "HEAD"), "changed": False}
    (tmp_path / "a").write_text("2")
    assert environment.git(tmp_path) == {"commit": git("rev-parse", "HEAD"), "changed": True}
