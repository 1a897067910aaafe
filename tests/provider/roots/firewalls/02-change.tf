resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_firewall" "ssh" {
  name          = "ssh"
  network       = google_compute_network.n.id
  source_ranges = ["10.0.0.0/8", "172.16.0.0/12"]
  target_tags   = ["ssh"]
  allow {
    protocol = "icmp"
  }
  allow {
    protocol = "tcp"
    ports    = ["8000-8080", "22"]
  }
}
resource "google_compute_firewall" "full" {
  name                    = "full"
  network                 = google_compute_network.n.id
  source_service_accounts = ["c@groundwork-example.iam.gserviceaccount.com"]
  allow {
    protocol = "tcp"
    ports    = ["443"]
  }
}
resource "google_compute_firewall" "out" {
  name               = "out"
  network            = "default"
  direction          = "EGRESS"
  destination_ranges = ["10.0.0.0/8"]
  deny {
    protocol = "all"
  }
  log_config {
    metadata = "EXCLUDE_ALL_METADATA"
  }
}
resource "google_compute_firewall" "open" {
  name          = "open"
  network       = google_compute_network.n.self_link
  description   = "new"
  source_ranges = []
  allow {
    protocol = "tcp"
  }
}
resource "google_compute_firewall" "old" {
  name           = "old"
  network        = google_compute_network.n.name
  enable_logging = false
  source_ranges  = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["80"]
  }
}
