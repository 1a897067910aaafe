output "project_id" {
  description = "Project ID, once every API is enabled; resources that need the APIs take the ID from here."
  value       = var.project_id
  depends_on  = [google_project_service.services]
}

output "services" {
  description = "Names of the enabled APIs."
  value       = var.services
  depends_on  = [google_project_service.services]
}
