resource "google_compute_network" "n" {
  name                    = "apart"
  auto_create_subnetworks = false
}
resource "google_compute_network" "auto" {
  name = "auto"
}
resource "google_compute_subnetwork" "plain" {
  name          = "plain"
  network       = google_compute_network.n.name
  ip_cidr_range = "10.0.0.0/24"
}
resource "google_compute_subnetwork" "full" {
  name                     = "full"
  project                  = "groundwork-example"
  region                   = "europe-west4"
  network                  = google_compute_network.n.id
  description              = "d"
  ip_cidr_range            = "10.1.0.0/20"
  private_ip_google_access = true
  stack_type               = "IPV4_ONLY"
  purpose                  = "PRIVATE"
  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = "10.2.0.0/20"
  }
  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = "10.3.0.0/20"
  }
  log_config {
    aggregation_interval = "INTERVAL_10_MIN"
    flow_sampling        = 0.7
    metadata             = "CUSTOM_METADATA"
    metadata_fields      = ["src_instance"]
    filter_expr          = "inIpRange(connection.src_ip, '10.0.0.0/8')"
  }
}
resource "google_compute_subnetwork" "proxy" {
  name          = "proxy"
  network       = google_compute_network.n.id
  ip_cidr_range = "10.4.0.0/24"
  purpose       = "REGIONAL_MANAGED_PROXY"
  role          = "ACTIVE"
}
resource "google_compute_subnetwork" "extra" {
  name          = "extra"
  network       = google_compute_network.auto.id
  ip_cidr_range = "192.168.0.0/24"
}
data "google_compute_network" "default" {
  name = "default"
}
data "google_compute_network" "linked" {
  self_link  = google_compute_network.n.self_link
  depends_on = [google_compute_subnetwork.plain, google_compute_subnetwork.full, google_compute_subnetwork.proxy]
}
data "google_compute_subnetwork" "default" {
  name = "default"
}
data "google_compute_subnetwork" "linked" {
  self_link = google_compute_subnetwork.full.self_link
}
output "networks" {
  value = [length(data.google_compute_network.default.subnetworks_self_links), length(data.google_compute_network.linked.subnetworks_self_links)]
}
