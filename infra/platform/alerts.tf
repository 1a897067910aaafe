locals {
  operators = [for email, member in local.environment.members : email if length(module.environment.personas[member.role].deployer) > 0]

  # What can be called by anybody, over HTTP.
  pages = {
    for name, service in local.environment.services : name => { host = trimprefix(module.run_services[name].url, "https://"), path = coalesce(service.health, "/") }
    if service.public && service.health != "grpc"
  }
}

module "monitoring" {
  source   = "../../modules/monitoring"
  for_each = { for alerts in local.environment.alerts[*] : "dashboard" => alerts }

  project_id = module.services.project_id
  name       = module.environment.labels.environment
  jobs       = keys(local.environment.jobs)
  labels     = module.environment.labels
  notify     = each.value.notify == null ? local.operators : each.value.notify
  services   = concat(keys(local.environment.services), keys(local.environment.functions))
  uptime     = each.value.uptime ? local.pages : {}

  alerts = {
    errors     = each.value.errors
    jobs       = each.value.jobs
    latency_ms = each.value.latency_seconds * 1000
    memory     = each.value.memory
    revisions  = each.value.revisions
  }
}
