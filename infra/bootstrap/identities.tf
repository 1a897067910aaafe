locals {
  personas = jsondecode(file("${path.module}/../../modules/team_access/personas.json"))

  # One GitHub identity or none.
  github = {
    for github in local.environment.github[*] : github.pool => github
  }

  # Whoever is an operator may act as the deployer. It stands in this layer so
  # that an operator can still bring the platform up after taking it down.
  operators = merge([
    for email, member in local.environment.members : {
      for role in local.personas[member.role].deployer : "${email} ${role}" => {
        member = "${member.type}:${email}"
        role   = role
      }
    }
  ]...)

  main_branch = {
    for pool, identity in module.github_identity : "main branch" => {
      member = identity.principals.main
      role   = "roles/iam.workloadIdentityUser"
    }
  }

  any_branch = {
    for pool, identity in module.github_identity : "any branch" => {
      member = identity.principals.repository
      role   = "roles/iam.workloadIdentityUser"
    }
  }
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

# Applies both layers: on behalf of operators, and of the main branch. It also
# lists whatever is in the project, to tell that nothing is left, and asks
# BigQuery for costs.
module "deployer" {
  source = "../../modules/service_account"

  project_id  = module.services.project_id
  name        = local.names.deployer
  description = "Brings the platform up and down."
  iam         = merge(local.operators, local.main_branch)

  project_roles = [
    "roles/artifactregistry.admin",
    "roles/bigquery.jobUser",
    "roles/bigquery.metadataViewer",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountAdmin",
    "roles/iam.workloadIdentityPoolAdmin",
    "roles/resourcemanager.projectIamAdmin",
    "roles/secretmanager.admin",
    "roles/serviceusage.serviceUsageAdmin",
    "roles/storage.admin",
  ]
}

# Plans both layers for a pull request: reads everything that a plan reads, sees
# the names of objects, and reads neither objects of the team nor secret values.
# Images it could pull: Google has no role that shows a repository without them.
module "planner" {
  source   = "../../modules/service_account"
  for_each = local.github

  project_id  = module.services.project_id
  name        = local.names.planner
  description = "Plans changes for pull requests."
  iam         = local.any_branch

  project_roles = [
    "roles/artifactregistry.reader",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountViewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer",
  ]
}
