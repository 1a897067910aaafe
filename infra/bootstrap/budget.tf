locals {
  # Only a budget with a billing account can be one of Google's; others are compared with by the command line alone.
  budget = { for budget in local.environment.budget[*] : "monthly" => budget if budget.billing_account != null }

  # Addresses that get its e-mails take notification channels beside it.
  notified = length(flatten([for budget in local.budget : tolist(budget.notify)])) > 0

  # Google has no role for the budgets of a single project below owner and editor.
  budget_permissions = {
    editor = ["billing.resourcebudgets.read", "billing.resourcebudgets.write", "resourcemanager.projects.get"]
    viewer = ["billing.resourcebudgets.read", "resourcemanager.projects.get"]
  }

  # By name, so that a reader of the plan sees which role it is.
  budget_roles = { for kind, _ in module.budget_roles : kind => ["projects/${local.environment.project}/roles/${local.names.budget_roles[kind]}"] }
}

data "google_project" "project" {
  for_each = local.budget

  project_id = local.environment.project
}

module "budget_roles" {
  source   = "../../modules/project_role"
  for_each = length(local.budget) > 0 ? local.budget_permissions : {}

  project_id  = module.services.project_id
  name        = local.names.budget_roles[each.key]
  title       = "groundwork budget ${each.key}"
  description = each.key == "editor" ? "Changes the project's budget." : "Sees the project's budget."
  permissions = each.value
}

# In this layer, since it is to warn of what `down` left behind, too.
module "budget" {
  source   = "../../modules/budget"
  for_each = local.budget

  billing_account = each.value.billing_account
  name            = local.environment.project
  amount          = each.value.amount
  currency        = each.value.currency
  thresholds      = each.value.thresholds
  notify          = each.value.notify
  labels          = module.environment.labels
  project_id      = module.services.project_id
  project_number  = data.google_project.project[each.key].number

  # The deployer must be allowed to before it tries.
  depends_on = [module.deployer, module.services]
}
