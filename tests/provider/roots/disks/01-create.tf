resource "google_compute_disk" "plain" {
  name = "plain"
  zone = "europe-west1-b"
}

resource "google_compute_disk" "booting" {
  name        = "booting"
  zone        = "europe-west1-b"
  type        = "pd-ssd"
  image       = "debian-cloud/debian-12"
  description = "Boots a machine."
  labels      = { team = "cats", tier = "one" }
}

resource "google_compute_disk" "sized" {
  name = "sized"
  zone = "europe-west1-c"
  size = 600
}

resource "google_compute_address" "plain" {
  name = "plain"
}

resource "google_compute_address" "full" {
  name         = "full"
  region       = "europe-west4"
  description  = "Where the team is reached."
  network_tier = "PREMIUM"
  labels       = { team = "cats" }
}

output "address" {
  value = google_compute_address.plain.address
}

resource "google_compute_disk" "ubuntu" {
  name  = "ubuntu"
  zone  = "europe-west1-b"
  image = "ubuntu-os-cloud/ubuntu-2204-lts"
}

resource "google_compute_disk" "licensed" {
  name        = "licensed"
  zone        = "europe-west1-b"
  source_disk = google_compute_disk.ubuntu.id
  licenses    = ["https://www.googleapis.com/compute/v1/projects/windows-cloud/global/licenses/windows-server-core"]
}
