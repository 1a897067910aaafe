resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_firewall" "ssh" {
  name      = "ssh"
  network   = google_compute_network.n.id
  direction = "EGRESS"
  allow {
    protocol = "icmp"
  }
}
resource "google_compute_firewall" "out" {
  name      = "out"
  network   = "default"
  direction = "EGRESS"
  priority  = 7
  deny {
    protocol = "all"
  }
}
