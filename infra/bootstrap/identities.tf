locals {
  # One GitHub identity or none.
  github = {
    for github in local.environment.github[*] : github.pool => github
  }

  # Whoever is an operator may act as the deployer. It stands in this layer so
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
  runs = length(local.environment.services) + length(local.environment.jobs) > 0

  # What applying and planning take where the file has such things.
  applies = concat(
    local.builds ? ["roles/cloudbuild.builds.editor", "roles/cloudbuild.connectionAdmin"] : [],
    local.runs ? ["roles/cloudscheduler.admin", "roles/run.admin"] : [],
    length(local.environment.training) > 0 ? ["roles/aiplatform.user"] : [],
  )
  reads = concat(
    local.builds ? ["roles/cloudbuild.builds.viewer", "roles/cloudbuild.connectionViewer"] : [],
    local.runs ? ["roles/cloudscheduler.viewer", "roles/run.viewer"] : [],
    length(local.environment.training) > 0 ? ["roles/aiplatform.viewer"] : [],
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

# Applies both layers: on behalf of operators, and of the main branch. It also
# lists whatever is in the project, to tell that nothing is left, and asks
# BigQuery for costs.
module "deployer" {
  source = "../../modules/service_account"

  project_id  = module.services.project_id
  name        = local.names.deployer
  description = "Brings the platform up and down."
  iam         = merge(local.operators, local.main_branch)

  project_roles = concat(local.applies, [
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

  project_roles = concat(local.reads, [
    "roles/artifactregistry.reader",
    "roles/iam.securityReviewer",
    "roles/iam.serviceAccountViewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/secretmanager.viewer",
    "roles/serviceusage.serviceUsageConsumer",
    "roles/storage.bucketViewer",
  ])
}

# What each persona may do in the project. A deleted role keeps its name for 37
# days, so the roles outlive the platform; who has them is said there.
module "persona_roles" {
  source   = "../../modules/project_role"
  for_each = module.environment.personas

  project_id  = module.services.project_id
  name        = local.names.roles[each.key]
  title       = "groundwork ${each.key}"
  description = each.value.description
  permissions = each.value.project
}
