resource "google_compute_network" "network" {
  project                 = var.project_id
  name                    = var.name
  description             = "Machines that are entered through IAP alone."
  auto_create_subnetworks = false
}

resource "google_compute_subnetwork" "subnetwork" {
  project                  = var.project_id
  region                   = var.location
  name                     = var.name
  network                  = google_compute_network.network.id
  ip_cidr_range            = var.range
  private_ip_google_access = true
}

# A network without rules lets nothing in. IAP's addresses belong to nobody else, and it lets in only whom IAM allows.
# Source: https://cloud.google.com/iap/docs/using-tcp-forwarding#create-firewall-rule.
resource "google_compute_firewall" "ssh" {
  project       = var.project_id
  name          = "${var.name}-ssh-through-iap"
  network       = google_compute_network.network.id
  description   = "SSH from Identity-Aware Proxy."
  direction     = "INGRESS"
  source_ranges = ["35.235.240.0/20"]

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
