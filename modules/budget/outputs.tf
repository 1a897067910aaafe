output "id" {
  description = "Full name of the budget, such as billingAccounts/012345-6789AB-CDEF01/budgets/ followed by an id of Google's."
  value       = google_billing_budget.budget.id
}
