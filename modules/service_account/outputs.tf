output "email" {
  description = "E-mail address of the account, once it has its roles."
  value       = google_service_account.account.email
  depends_on  = [google_project_iam_member.project_roles, google_service_account_iam_binding.roles]
}

output "id" {
  description = "Full name of the account, such as projects/my-project/serviceAccounts/train@my-project.iam.gserviceaccount.com, once it has its roles."
  value       = google_service_account.account.name
  depends_on  = [google_project_iam_member.project_roles, google_service_account_iam_binding.roles]
}

output "member" {
  description = "The account as an IAM member, once it has its roles."
  value       = google_service_account.account.member
  depends_on  = [google_project_iam_member.project_roles, google_service_account_iam_binding.roles]
}
