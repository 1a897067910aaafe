locals {
  # What each build deploys: by default the service and job with its own name.
  deploys = {
    for name, build in local.environment.builds : name => [
      for place in concat([for service in keys(local.environment.services) : "service/${service}"], [for job in keys(local.environment.jobs) : "job/${job}"]) : place
      if build.deploys == null ? build.file == null && split("/", place)[1] == name : contains(build.deploys, split("/", place)[1])
    ]
  }

  # There are no triggers until the repository was connected by hand.
  connected = { for github in local.environment.github[*] : github.repository => github if github.connected }
  triggers  = length(local.connected) > 0 ? local.environment.builds : {}
  linked = {
    for repository in keys(local.connected) : repository =>
    "projects/${local.environment.project}/locations/${local.environment.region}/connections/${local.names.connection}/repositories/${replace(repository, "/[^A-Za-z0-9-]/", "-")}"
  }
}

module "builds" {
  source   = "../../modules/build_trigger"
  for_each = local.triggers

  project_id      = module.services.project_id
  name            = each.key
  location        = local.environment.region
  repository      = one(values(local.linked))
  service_account = module.identities[each.value.identity].email
  description     = each.value.file == null ? "Builds ${coalesce(each.value.image, each.key)}" : "Builds by ${each.value.file}"
  file            = each.value.file
  included_files  = each.value.paths
  substitutions   = each.value.substitutions

  event = {
    branch = each.value.by_hand || each.value.tag != null ? null : coalesce(each.value.branch, "^${replace(local.environment.github.branch, ".", "\\.")}$")
    head   = local.environment.github.branch
    tag    = each.value.tag
  }

  build = each.value.file != null ? null : {
    dir             = each.value.dir
    dockerfile      = each.value.dockerfile
    image           = "${module.repositories[each.value.repository].url}/${coalesce(each.value.image, each.key)}"
    jobs            = [for place in local.deploys[each.key] : module.run_jobs[split("/", place)[1]].name if startswith(place, "job/")]
    machine_type    = each.value.machine_type
    secrets         = { for variable, secret in each.value.secrets : variable => module.secrets[secret].name }
    services        = [for place in local.deploys[each.key] : module.run_services[split("/", place)[1]].name if startswith(place, "service/")]
    timeout_minutes = each.value.timeout_minutes
  }
}

# The sources of submitted builds; the bucket that gcloud would create
# for them is open to everybody who may build anything.
module "sources" {
  source   = "../../modules/bucket"
  for_each = length(local.environment.builds) > 0 ? { sources = local.names.sources } : {}

  project_id    = module.services.project_id
  name          = each.value
  location      = local.environment.region
  labels        = { component = "builds" }
  force_destroy = true

  iam = {
    for role in setunion(keys(module.team_access.iam.buckets), local.bucket_roles.write) : role => concat(
      lookup(module.team_access.iam.buckets, role, []),
      contains(local.bucket_roles.write, role) ? [
        for name, identity in local.environment.identities : module.identities[name].member
        if contains(identity.submits, "builds") || contains([for build in local.environment.builds : build.identity], name)
      ] : [],
    )
  }
}
