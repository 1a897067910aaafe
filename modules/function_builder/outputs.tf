output "account" {
  description = "E-mail address of the account, once it may read the code of functions."
  value       = var.account
  depends_on  = [google_project_iam_member.reads_code]
}
