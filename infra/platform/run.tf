locals {
  service_roles = {
    call   = ["roles/run.invoker"]
    deploy = ["roles/run.developer"]
  }
  job_roles = {
    deploy = ["roles/run.developer"]
    run    = ["roles/run.invoker"]
  }

  # Members by role, on each service and job.
  services_of_identities = {
    for service in keys(local.environment.services) : service => {
      for grant in distinct(concat(
        flatten([
          for name, identity in local.environment.identities : [
            for role in lookup(local.service_roles, lookup(identity.services, service, "none"), []) : { role = role, identity = name }
          ]
        ]),
        [for name, build in local.environment.builds : { role = "roles/run.developer", identity = build.identity } if contains(local.deploys[name], "service/${service}")],
      )) : grant.role => module.identities[grant.identity].member...
    }
  }
  jobs_of_identities = {
    for job in keys(local.environment.jobs) : job => {
      for grant in distinct(concat(
        flatten([
          for name, identity in local.environment.identities : [
            for role in lookup(local.job_roles, lookup(identity.jobs, job, "none"), []) : { role = role, identity = name }
          ]
        ]),
        [for name, build in local.environment.builds : { role = "roles/run.developer", identity = build.identity } if contains(local.deploys[name], "job/${job}")],
        [for scheduler in keys(module.scheduler) : { role = "roles/run.invoker", identity = scheduler } if contains(keys(local.scheduled), job)],
      )) : grant.role => merge(module.identities, module.scheduler)[grant.identity].member...
    }
  }
}

module "run_services" {
  source   = "../../modules/cloud_run_service"
  for_each = local.environment.services

  project_id      = module.services.project_id
  name            = each.key
  location        = local.environment.region
  labels          = { component = each.key }
  public          = each.value.public
  service_account = module.identities[each.value.identity].email
  buckets         = { for bucket, access in each.value.buckets : module.buckets[bucket].name => { read_only = access == "read" } }
  probes          = { grpc = each.value.health == "grpc", path = each.value.health == "grpc" ? null : each.value.health }
  requests        = { concurrency = each.value.concurrency, timeout_seconds = each.value.timeout_seconds }
  scaling         = { min = each.value.min_instances, max = each.value.max_instances }
  sidecars        = each.value.sidecars

  container = {
    cpu     = each.value.cpu
    env     = each.value.env
    http2   = each.value.http2
    image   = each.value.image
    memory  = each.value.memory
    port    = each.value.port
    secrets = { for variable, secret in each.value.secrets : variable => { secret = module.secrets[secret].name } }
  }

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.services), keys(local.services_of_identities[each.key])) :
    role => concat(lookup(module.team_access.iam.services, role, []), lookup(local.services_of_identities[each.key], role, []))
  }
}

module "run_jobs" {
  source   = "../../modules/cloud_run_job"
  for_each = local.environment.jobs

  project_id      = module.services.project_id
  name            = each.key
  location        = local.environment.region
  labels          = { component = each.key }
  service_account = module.identities[each.value.identity].email
  buckets         = { for bucket, access in each.value.buckets : module.buckets[bucket].name => { read_only = access == "read" } }
  tasks           = { count = each.value.tasks, retries = each.value.retries, timeout_seconds = each.value.timeout_minutes * 60 }

  container = {
    args    = each.value.args
    cpu     = each.value.cpu
    env     = each.value.env
    image   = each.value.image
    memory  = each.value.memory
    secrets = { for variable, secret in each.value.secrets : variable => { secret = module.secrets[secret].name } }
  }

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.jobs), keys(local.jobs_of_identities[each.key])) :
    role => concat(lookup(module.team_access.iam.jobs, role, []), lookup(local.jobs_of_identities[each.key], role, []))
  }
}
