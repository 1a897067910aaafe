resource "google_compute_disk" "d" {
  name = "d"
  zone = "europe-west1-b"
  size = 20
}
resource "google_compute_snapshot" "plain" {
  name        = "plain"
  source_disk = google_compute_disk.d.id
}
resource "google_compute_snapshot" "full" {
  name              = "full"
  project           = "groundwork-example"
  source_disk       = google_compute_disk.d.self_link
  description       = "d"
  chain_name        = "chain"
  snapshot_type     = "ARCHIVE"
  storage_locations = ["europe-west4"]
  labels            = { team = "cats" }
}
resource "google_compute_disk" "copy" {
  name     = "copy"
  zone     = "europe-west1-b"
  snapshot = google_compute_snapshot.plain.id
}
resource "google_compute_image" "disk" {
  name        = "disk"
  source_disk = google_compute_disk.d.id
}
resource "google_compute_image" "snapshot" {
  name              = "snapshot"
  family            = "ours"
  description       = "d"
  source_snapshot   = google_compute_snapshot.plain.name
  disk_size_gb      = 30
  storage_locations = ["eu"]
  labels            = { team = "cats" }
  guest_os_features {
    type = "GVNIC"
  }
}
resource "google_compute_image" "google" {
  name         = "google"
  source_image = "projects/debian-cloud/global/images/debian-12-bookworm-v20261110"
}
