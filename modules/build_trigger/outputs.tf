output "id" {
  description = "Full name of the trigger, such as projects/my-project/locations/europe-west1/triggers/NUMBER."
  value       = google_cloudbuild_trigger.trigger.id
}

output "name" {
  description = "Name of the trigger."
  value       = google_cloudbuild_trigger.trigger.name
}
