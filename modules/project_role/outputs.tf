output "id" {
  description = "Full name of the role, such as projects/my-project/roles/groundwork_viewer."
  value       = google_project_iam_custom_role.role.id
}
