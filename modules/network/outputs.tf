output "id" {
  description = "Full name of the network."
  value       = google_compute_network.network.id
}

output "subnetwork" {
  description = "Full name of its subnetwork, once machines in it can be entered."
  value       = google_compute_subnetwork.subnetwork.id
  depends_on  = [google_compute_firewall.ssh]
}
