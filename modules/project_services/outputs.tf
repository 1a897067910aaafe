output "project_id" {
  description = "Id of the project, once every API is on; what needs the APIs takes the id from here."
  value       = var.project_id
  depends_on  = [google_project_service.services]
}

output "services" {
  description = "Names of the APIs that are on."
  value       = var.services
  depends_on  = [google_project_service.services]
}
