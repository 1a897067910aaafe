"""Files that a container wrote into a bucket's folder are read only from there, whatever links it creates in the meantime."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from localcloud.containers.bucket import BucketClient
from localcloud.containers.folders import Folders, opened, remove_folder


def test_no_link_is_followed_not_even_one_that_takes_a_folders_place_while_it_is_read(tmp_path: Path) -> None:
    bucket, outside = tmp_path / "bucket", tmp_path / "outside"
    (bucket / "later").mkdir(parents=True)
    outside.mkdir()
    for path in (bucket / "first", bucket / "later" / "key", outside / "key"):
        path.write_text(path.parent.name)
    (bucket / "link").symlink_to(outside / "key")
    os.mkfifo(bucket / "pipe")
    files = opened(bucket)
    name, stream = next(files)
    assert (name, stream.read()) == ("first", b"bucket")
    shutil.rmtree(bucket / "later")
    (bucket / "later").symlink_to(outside)
    assert [name for name, _ in files] == []


def test_a_bucket_is_a_folder_of_its_own(tmp_path: Path) -> None:
    names = ["../beside", str(tmp_path / "absolute"), "..", "a/b"]
    refused = Folders(tmp_path / "root", [BucketClient(name, "127.0.0.1:1", "") for name in names]).copy_in()
    assert refused == [f"{name!r} is not a valid bucket name." for name in names]
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_folder_that_is_too_deep_to_be_removed_remains(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    handle = os.open(top, os.O_RDONLY)
    for _ in range(2000):
        os.mkdir("a", dir_fd=handle)
        below = os.open("a", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    os.close(handle)
    remove_folder(top)
    subprocess.run(["rm", "-rf", str(top)], check=True)
    (tmp_path / "flat").mkdir()
    remove_folder(tmp_path / "flat")
    assert [*tmp_path.iterdir()] == []
