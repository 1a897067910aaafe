locals {
  # One GitHub identity or none.
  github = {
    for github in local.environment.github[*] : github.pool => github
  }

  # Operators may act as the deployer. It is in this layer so
  # that an operator can still bring the platform up after taking it down.
  operators = {
    for grant in flatten([
      for email, member in local.environment.members : [
        for role in module.environment.personas[member.role].deployer : { role = role, member = "${member.type}:${email}" }
      ]
    ]) : grant.role => grant.member...
  }

  main_branch = {
    for identity in module.github_identity : "roles/iam.workloadIdentityUser" => identity.principals.main...
  }

  any_branch = {
    for identity in module.github_identity : "roles/iam.workloadIdentityUser" => identity.principals.repository...
  }
}

locals {
  runs      = length(local.environment.services) + length(local.environment.functions) + length(local.environment.jobs) > 0
  functions = length(local.environment.functions) > 0

  # Roles for applying and planning that depend on what is in the file.
  applies = concat(
    local.environment.alerts == null ? [] : [
      "roles/monitoring.alertPolicyEditor", "roles/monitoring.dashboardEditor",
      "roles/monitoring.notificationChannelEditor", "roles/monitoring.uptimeCheckConfigEditor",
    ],
    # An alert on what is logged takes the right to make a rule for logs, which is in no smaller role.
    [for alerts in local.environment.alerts[*] : "roles/logging.configWriter" if alerts.revisions],
    local.builds ? ["roles/cloudbuild.builds.editor", "roles/cloudbuild.connectionAdmin"] : [],
    local.functions ? ["roles/cloudfunctions.admin"] : [],
    local.notified ? ["roles/monitoring.notificationChannelEditor"] : [],
    local.runs ? ["roles/cloudscheduler.admin", "roles/run.admin"] : [],
    length(local.environment.training) > 0 ? ["roles/aiplatform.user"] : [],
    length(local.environment.workstations) > 0 ? ["roles/compute.admin"] : [],
  )
  reads = concat(
    local.environment.alerts == null ? [] : ["roles/monitoring.viewer"],
    local.builds ? ["roles/cloudbuild.builds.viewer", "roles/cloudbuild.connectionViewer"] : [],
    local.functions ? ["roles/cloudfunctions.viewer"] : [],
    local.notified ? ["roles/monitoring.notificationChannelViewer"] : [],
    local.runs ? ["roles/cloudscheduler.viewer", "roles/run.viewer"] : [],
    length(local.environment.training) > 0 ? ["roles/aiplatform.viewer"] : [],
    length(local.environment.workstations) > 0 ? ["roles/compute.viewer"] : [],
  )
}

module "github_identity" {
  source   = "../../modules/github_identity"
  for_each = local.github

  project_id    = module.services.project_id
  name          = each.key
  repository    = each.value.repository
  owner_id      = each.value.owner_id
  repository_id = each.value.repository_id
  branch        = each.value.branch
}

# Applies both layers on behalf of operators and of the main branch. It also
# lists everything in the project, to verify that nothing is left, and queries
# BigQuery for costs.
module "deployer" {
  source = "../../modules/service_account"

  project_id  = module.services.project_id
  name        = local.names.deployer
  description = "Brings the platform up and down."
  iam         = merge(local.operators, local.main_branch)

  project_roles = concat(local.applies, lookup(local.budget_roles, "editor", []), [
    "roles/artifactregistry.admin",
    "roles/bigquery.jobUser",
    "roles/bigquery.metadataViewer",
    "roles/iam.roleAdmin",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ])
}

# Plans both layers for a pull request: it reads everything that a plan needs, sees
# the names of objects, but reads neither the team's objects nor secret values.
# It could pull images: Google has no role that shows a repository without them.
module "planner" {
  source   = "../../modules/service_account"
  for_each = local.github

  project_id  = module.services.project_id
  name        = local.names.planner
  description = "Plans changes for pull requests."
  iam         = local.any_branch

  project_roles = concat(local.reads, lookup(local.budget_roles, "viewer", []), [
    "roles/artifactregistry.reader",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountViewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer",
  ])
}

# The personas' custom roles. A deleted role keeps its name for 37 days, so the
# roles outlive the platform, which grants them.
module "persona_roles" {
  source   = "../../modules/project_role"
  for_each = module.environment.personas

  project_id  = module.services.project_id
  name        = local.names.roles[each.key]
  title       = "groundwork ${each.key}"
  description = each.value.description
  permissions = each.value.project
}
