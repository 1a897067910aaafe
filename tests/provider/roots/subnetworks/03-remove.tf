resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_subnetwork" "plain" {
  name          = "plain"
  network       = google_compute_network.n.name
  ip_cidr_range = "10.0.0.0/22"
}
resource "google_compute_subnetwork" "full" {
  name                             = "full"
  region                           = "europe-west4"
  network                          = google_compute_network.n.id
  description                      = "d"
  ip_cidr_range                    = "10.1.0.0/20"
  send_secondary_ip_range_if_empty = true
}
