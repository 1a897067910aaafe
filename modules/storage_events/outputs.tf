output "agent" {
  description = "E-mail address of Cloud Storage's service agent, once it may publish events."
  value       = var.agent
  depends_on  = [google_project_iam_member.publishes]
}
