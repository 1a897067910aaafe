resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_network" "auto" {
  name = "auto"
}
resource "google_compute_subnetwork" "plain" {
  name                     = "plain"
  network                  = google_compute_network.n.name
  ip_cidr_range            = "10.0.0.0/22"
  private_ip_google_access = true
  log_config {
    flow_sampling = 0.1
  }
  secondary_ip_range {
    range_name    = "new"
    ip_cidr_range = "10.6.0.0/24"
  }
}
resource "google_compute_subnetwork" "full" {
  name                     = "full"
  region                   = "europe-west4"
  network                  = google_compute_network.n.id
  description              = "d"
  ip_cidr_range            = "10.1.0.0/20"
  private_ip_google_access = false
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.3.0.0/20"
  }
  secondary_ip_range {
    range_name    = "more"
    ip_cidr_range = "10.5.0.0/20"
  }
  log_config {
    aggregation_interval = "INTERVAL_5_MIN"
    metadata             = "EXCLUDE_ALL_METADATA"
  }
}
resource "google_compute_subnetwork" "proxy" {
  name          = "proxy"
  network       = google_compute_network.n.id
  ip_cidr_range = "10.4.0.0/24"
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "BACKUP"
}
resource "google_compute_subnetwork" "extra" {
  name          = "extra"
  network       = google_compute_network.auto.id
  ip_cidr_range = "192.168.0.0/25"
}
