"""Packages, versions, tags and Docker images as the API and gcloud show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from localcloud.engine import lro, paging
from localcloud.engine.service import Body, Call, Handler
from localcloud.errors import failed_precondition, invalid, not_found
from localcloud.services.artifactregistry.images import API, INDEXES, Images, Manifest

_MISSING = "Requested entity was not found."
_MOST = 1000
_PREFIX = f"{API}.projects.locations.repositories"


@dataclass(frozen=True)
class ArtifactPath:
    """The parts of a path in a repository; image, version and tag are "" if absent."""

    repository: str
    collection: str
    image: str = ""
    version: str = ""
    tag: str = ""


def place(path: str) -> ArtifactPath:
    """The parts of a decoded path: an image's name may have slashes of its own.

    "projects/p/locations/l/repositories/r/packages/a/b/tags/v1" is tag v1 of image a/b.
    """
    words = path.split("/")
    repository, rest = "/".join(words[:6]), "/".join(words[6:])
    collection, _, name = rest.partition("/")
    if collection == "dockerImages":
        image, _, digest = name.partition("@")
        return ArtifactPath(repository, collection, image, digest)
    for inner in ("versions", "tags"):
        if f"{name}/".endswith(f"/{inner}/"):
            return ArtifactPath(repository, inner, name.removesuffix(f"/{inner}"))
        image, separator, last = name.rpartition(f"/{inner}/")
        if separator:
            return ArtifactPath(repository, inner, image, **{inner[:-1]: last})
    return ArtifactPath(repository, collection, name)


def _named(call: Call) -> tuple[Images, ArtifactPath]:
    where = place(call.path)
    if call.cloud.store.get(API, where.repository) is None:
        raise not_found(_MISSING)
    return Images(call.cloud, where.repository), where


def _version(images: Images, where: ArtifactPath) -> Manifest:
    manifest = images.manifest(where.image, where.version) if where.version else None
    if manifest is None:
        raise not_found(_MISSING)
    return manifest


def _package(where: ArtifactPath, image: str) -> str:
    return f"{where.repository}/packages/{quote(image, safe='')}"


def _shown_package(images: Images, where: ArtifactPath, image: str) -> Body:
    versions = images.manifests(image)
    times = {"createTime": versions[0].created, "updateTime": max(one.updated for one in versions)}
    return {"name": _package(where, image), **times}


def _shown_version(images: Images, where: ArtifactPath, manifest: Manifest, *, full: bool) -> Body:
    name = f"{_package(where, manifest.image)}/versions/{manifest.digest}"
    metadata = {
        "name": _docker_name(where, manifest),
        "imageSizeBytes": str(manifest.size),
        "mediaType": manifest.media_type,
    }
    body: Body = {"name": name, "createTime": manifest.created, "updateTime": manifest.updated, "metadata": metadata}
    tags = [tag for tag, digest in images.tags(manifest.image).items() if digest == manifest.digest]
    return body | (
        {"relatedTags": [_shown_tag(where, manifest.image, tag, manifest.digest) for tag in tags]}
        if full and tags
        else {}
    )


def _shown_tag(where: ArtifactPath, image: str, tag: str, digest: str) -> Body:
    package = _package(where, image)
    return {"name": f"{package}/tags/{tag}", "version": f"{package}/versions/{digest}"}


def _docker_name(where: ArtifactPath, manifest: Manifest) -> str:
    return f"{where.repository}/dockerImages/{quote(manifest.image, safe='')}@{manifest.digest}"


def _shown_image(images: Images, where: ArtifactPath, manifest: Manifest) -> Body:
    _, project, _, location, _, repository = where.repository.split("/")
    tags = [tag for tag, digest in images.tags(manifest.image).items() if digest == manifest.digest]
    shown: Body = {
        "name": _docker_name(where, manifest),
        "uri": f"{location}-docker.pkg.dev/{project}/{repository}/{manifest.image}@{manifest.digest}",
        "imageSizeBytes": str(manifest.size),
        "uploadTime": manifest.created,
        "mediaType": manifest.media_type,
        "updateTime": manifest.updated,
    }
    return shown | ({"tags": tags} if tags else {})


def _page(call: Call, field: str, bodies: Iterable[Body]) -> Body:
    rows = sorted(bodies, key=lambda body: str(body["name"]))
    size = paging.size(call.params.get("pageSize"), 100, _MOST)
    after = paging.after(call.params.get("pageToken", ""), call.path)
    left = [body for body in rows if str(body["name"]) > after]
    page, more = paging.cut(left, size, lambda body: str(body["name"]), call.path)
    return {field: page, **more} if page else {}


def list_packages(call: Call) -> Body:
    """The images of a repository by name."""
    images, where = _named(call)
    names = dict.fromkeys(one.image for one in images.manifests())
    return _page(call, "packages", (_shown_package(images, where, name) for name in names))


def get_package(call: Call) -> Body:
    """One image by name."""
    images, where = _named(call)
    if not images.manifests(where.image):
        raise not_found(_MISSING)
    return _shown_package(images, where, where.image)


def delete_package(call: Call) -> Body:
    """An image with all its versions and tags."""
    images, where = _named(call)
    manifests = images.manifests(where.image)
    if not manifests:
        raise not_found(_MISSING)
    for one in manifests:
        images.delete(one.image, one.digest)
    return lro.finished(call)


def list_versions(call: Call) -> Body:
    """The versions of an image; with their tags for view=FULL."""
    images, where = _named(call)
    full = call.params.get("view") == "FULL"
    return _page(
        call, "versions", (_shown_version(images, where, one, full=full) for one in images.manifests(where.image))
    )


def get_version(call: Call) -> Body:
    images, where = _named(call)
    return _shown_version(images, where, _version(images, where), full=call.params.get("view") == "FULL")


def delete_version(call: Call) -> Body:
    """Deletes one version; a tagged one only with `force`, and not one that is part of another."""
    images, where = _named(call)
    manifest = _version(images, where)
    tagged = manifest.digest in images.tags(manifest.image).values()
    parents = [
        one.digest
        for one in images.manifests(manifest.image)
        if one.media_type in INDEXES and manifest.digest in one.references
    ]
    if parents:
        raise failed_precondition(f"The version {manifest.digest} is part of {parents[0]}; delete that one first.")
    if tagged and not call.params.get("force"):
        raise failed_precondition(
            f"Version {manifest.digest} cannot be deleted because it is tagged; delete its tags first, or force it."
        )
    images.delete(manifest.image, manifest.digest)
    return lro.finished(call)


def list_tags(call: Call) -> Body:
    """The tags of an image."""
    images, where = _named(call)
    return _page(call, "tags", (_shown_tag(where, where.image, *pair) for pair in images.tags(where.image).items()))


def get_tag(call: Call) -> Body:
    images, where = _named(call)
    digest = images.tags(where.image).get(where.tag)
    if digest is None:
        raise not_found(_MISSING)
    return _shown_tag(where, where.image, where.tag, digest)


def create_tag(call: Call) -> Body:
    """A new tag for a version."""
    images, where = _named(call)
    tag = call.params.get("tagId") or str(call.body.get("name", "")).rpartition("/")[2]
    if not tag:
        raise invalid("A tag must have an id.", "tag_id")
    return _tagged(call, images, where, tag)


def patch_tag(call: Call) -> Body:
    """Points a tag to another version."""
    images, where = _named(call)
    return _tagged(call, images, where, where.tag)


def _tagged(call: Call, images: Images, where: ArtifactPath, tag: str) -> Body:
    version = place(unquote(str(call.body.get("version", ""))))
    if version.version == "" or version.image != where.image:
        raise invalid("A tag's version must be one of the same package.", "tag.version")
    manifest = _version(images, version)
    images.tag(where.image, tag, manifest.digest)
    return _shown_tag(where, where.image, tag, manifest.digest)


def delete_tag(call: Call) -> Body:
    """Removes a tag; its version stays."""
    images, where = _named(call)
    if where.tag not in images.tags(where.image):
        raise not_found(_MISSING)
    images.untag(where.image, where.tag)
    return {}


def list_images(call: Call) -> Body:
    """Every version of every image."""
    images, where = _named(call)
    return _page(call, "dockerImages", (_shown_image(images, where, one) for one in images.manifests()))


def get_image(call: Call) -> Body:
    """One version by digest, or by a tag."""
    images, where = _named(call)
    image, _, tag = where.image.partition(":")
    manifest = images.manifest(image, where.version or tag)
    if manifest is None:
        raise not_found(_MISSING)
    return _shown_image(images, where, manifest)


METHODS: Mapping[str, Handler] = {
    f"{_PREFIX}.{name}": method
    for name, method in {
        "dockerImages.list": list_images,
        "dockerImages.get": get_image,
        "packages.list": list_packages,
        "packages.get": get_package,
        "packages.delete": delete_package,
        "packages.versions.list": list_versions,
        "packages.versions.get": get_version,
        "packages.versions.delete": delete_version,
        "packages.tags.list": list_tags,
        "packages.tags.get": get_tag,
        "packages.tags.create": create_tag,
        "packages.tags.patch": patch_tag,
        "packages.tags.delete": delete_tag,
    }.items()
}
