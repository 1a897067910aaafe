resource "google_compute_disk" "d" {
  name = "d"
  zone = "europe-west1-b"
  size = 20
}
resource "google_compute_snapshot" "plain" {
  name        = "plain"
  source_disk = google_compute_disk.d.id
  labels      = { team = "dogs" }
}
resource "google_compute_snapshot" "full" {
  name        = "full"
  source_disk = google_compute_disk.d.self_link
}
resource "google_compute_image" "disk" {
  name        = "disk"
  source_disk = google_compute_disk.d.id
  labels      = { team = "dogs" }
}
resource "google_compute_image" "snapshot" {
  name            = "snapshot"
  source_snapshot = google_compute_snapshot.plain.self_link
  disk_size_gb    = 30
}
