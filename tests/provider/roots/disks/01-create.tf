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
