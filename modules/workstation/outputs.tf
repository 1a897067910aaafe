output "id" {
  description = "Full name of the machine, projects/PROJECT/zones/ZONE/instances/NAME, once its members may log in."
  value       = google_compute_instance.machine.id
  depends_on  = [google_compute_instance_iam_binding.roles]
}

output "ssh" {
  description = "The command that logs in; it needs no key and no open port."
  value       = "gcloud compute ssh ${google_compute_instance.machine.name} --zone ${var.zone} --project ${var.project_id} --tunnel-through-iap"
}
