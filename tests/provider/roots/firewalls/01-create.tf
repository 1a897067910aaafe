resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_firewall" "ssh" {
  name          = "ssh"
  network       = google_compute_network.n.name
  source_ranges = ["10.0.0.0/8"]
  allow {
    protocol = "TCP"
    ports    = ["22", "8000-8080"]
  }
  allow {
    protocol = "icmp"
  }
}
resource "google_compute_firewall" "full" {
  name                    = "full"
  network                 = google_compute_network.n.id
  description             = "d"
  priority                = 0
  disabled                = true
  direction               = "INGRESS"
  source_ranges           = ["192.168.0.0/24", "10.0.0.0/16"]
  destination_ranges      = ["10.1.0.0/16"]
  source_service_accounts = ["a@groundwork-example.iam.gserviceaccount.com"]
  target_service_accounts = ["b@groundwork-example.iam.gserviceaccount.com"]
  deny {
    protocol = "all"
  }
  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
resource "google_compute_firewall" "out" {
  name        = "out"
  network     = "default"
  direction   = "EGRESS"
  target_tags = ["a", "b"]
  allow {
    protocol = "udp"
    ports    = ["53"]
  }
}
resource "google_compute_firewall" "open" {
  name          = "open"
  network       = google_compute_network.n.self_link
  source_ranges = []
  source_tags   = ["x"]
  allow {
    protocol = "tcp"
  }
}
resource "google_compute_firewall" "old" {
  name           = "old"
  network        = google_compute_network.n.name
  enable_logging = true
  source_ranges  = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["80"]
  }
}
