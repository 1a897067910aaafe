"""The naming rules of buckets and objects, with Cloud Storage's messages.

Sources: cloud.google.com/storage/docs/buckets#naming, …/docs/objects#naming, …/docs/managed-folders#names,
…/docs/folders-overview.
"""

from __future__ import annotations

import re

from localcloud.services.storage import refusals

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_LONGEST_OBJECT_NAME = 1024
_LONGEST_FOLDER = 512
_DEEPEST = 15


def check_bucket_name(name: str) -> None:
    """Refuses (400) a bucket name that Google would refuse."""
    if not _is_bucket_name(name):
        raise refusals.invalid(f"Invalid bucket name: '{name}'")


def _is_bucket_name(name: str) -> bool:
    labels = name.split(".")
    longest = 63 if len(labels) == 1 else 222
    if not 3 <= len(name) <= longest or _ADDRESS.fullmatch(name):
        return False
    if name.startswith("goog") or "google" in name or "g00gle" in name:
        return False
    return all(len(label) <= 63 and _LABEL.fullmatch(label) for label in labels)


def check_managed_folder_name(name: str) -> None:
    """Refuses (400) a managed folder name that Google would refuse."""
    check_object_name(name)
    if not name.endswith("/") or name.count("/") > _DEEPEST:
        raise refusals.invalid(
            f"Invalid managed folder name: '{name}'. It ends with a slash, and has at most {_DEEPEST}."
        )


def check_folder_name(name: str) -> None:
    """Refuses (400) a folder name that Google would refuse in a bucket with a hierarchical namespace."""
    check_object_name(name)
    if not name.endswith("/") or "//" in f"/{name}" or len(name.encode()) > _LONGEST_FOLDER:
        raise refusals.invalid(
            f"Invalid folder name: '{name}'. It ends with a slash, has no empty part, and at most {_LONGEST_FOLDER} bytes."
        )


def check_name_in_folders(name: str) -> None:
    """Refuses (400) an object name that is too long for a bucket with a hierarchical namespace."""
    folder, _, base = name.rpartition("/")
    if len(folder.encode()) >= _LONGEST_FOLDER or len(base.encode()) > _LONGEST_FOLDER:
        raise refusals.invalid(
            f"Invalid object name: '{name}'. Its folder and its name in that folder have at most {_LONGEST_FOLDER} bytes each."
        )


def check_object_name(name: str) -> None:
    """Refuses (400) an object name that Google would refuse."""
    if not name:
        raise refusals.required("name")
    length = len(name) if name.isascii() else len(name.encode())
    if length > _LONGEST_OBJECT_NAME:
        raise refusals.invalid(
            f"The maximum object length is {_LONGEST_OBJECT_NAME} characters, "
            f"but got a name with {length} characters: ''{name[:_LONGEST_OBJECT_NAME]}...''"
        )
    if "\r" in name or "\n" in name:
        raise refusals.invalid(f"Disallowed unicode characters present in object name ''{name}''")
    if name in {".", ".."} or name.startswith(".well-known/acme-challenge/"):
        raise refusals.invalid(f"Invalid object name: '{name}'")
