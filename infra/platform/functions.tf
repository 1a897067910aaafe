locals {
  triggered = { for name, function in local.environment.functions : name => function if function.trigger != null }

  # Callers by role, of each function.
  callers_of_functions = {
    for function in keys(local.environment.functions) : function => {
      for name, identity in local.environment.identities : "roles/run.invoker" => module.identities[name].member...
      if lookup(identity.functions, function, "none") == "call"
    }
  }
}

# The packed code of functions. Only the deployer writes here: whoever could, would decide what runs.
module "function_sources" {
  source   = "../../modules/bucket"
  for_each = length(local.environment.functions) > 0 ? { functions = local.names.functions } : {}

  project_id    = module.services.project_id
  name          = each.value
  location      = local.environment.region
  labels        = { component = "functions" }
  force_destroy = true

  # Who plans reads it: it is in the repository.
  iam = length(local.environment.github[*]) == 0 ? {} : {
    "roles/storage.objectViewer" = ["serviceAccount:${local.names.planner}@${local.environment.project}.iam.gserviceaccount.com"]
  }
}

# Delivers events to functions, as each of them allows, and may do nothing else.
module "events" {
  source   = "../../modules/service_account"
  for_each = toset(length(local.triggered) > 0 ? ["events"] : [])

  project_id    = module.services.project_id
  name          = local.names.events
  description   = "Delivers events to functions."
  project_roles = ["roles/eventarc.eventReceiver"]
  iam           = { (local.acts_as) = [local.deployer] }
}

data "google_storage_project_service_account" "agent" {
  count = length(local.triggered) > 0 ? 1 : 0

  project = local.environment.project
}

module "storage_events" {
  source   = "../../modules/storage_events"
  for_each = toset(length(local.triggered) > 0 ? ["buckets"] : [])

  project_id = module.services.project_id
  agent      = one(data.google_storage_project_service_account.agent[*].email_address)
}

module "function_builders" {
  source   = "../../modules/function_builder"
  for_each = toset([for function in local.environment.functions : function.build_identity])

  project_id = module.services.project_id
  account    = module.identities[each.key].email
}

module "functions" {
  source   = "../../modules/function"
  for_each = local.environment.functions

  project_id      = module.services.project_id
  name            = each.key
  location        = local.environment.region
  labels          = { component = each.key }
  public          = each.value.public
  service_account = module.identities[each.value.identity].email
  limits          = { concurrency = each.value.concurrency, cpu = each.value.cpu, memory = each.value.memory, timeout_seconds = each.value.timeout_seconds }
  scaling         = { min = each.value.min_instances, max = each.value.max_instances }

  builder = {
    repository      = module.repositories[each.value.repository].id
    service_account = module.function_builders[each.value.build_identity].account
  }

  code = {
    archive     = lookup(var.sources, each.key, "")
    bucket      = module.function_sources["functions"].name
    entry_point = coalesce(each.value.entry_point, replace(each.key, "-", "_"))
    runtime     = each.value.runtime
  }

  event = one([for trigger in each.value.trigger[*] : {
    bucket          = module.buckets[trigger.bucket].name
    location        = coalesce(local.environment.buckets[trigger.bucket].location, local.environment.region)
    retry           = trigger.retry
    service_account = module.events["events"].email
    type            = trigger.event
  }])

  variables = {
    env     = each.value.env
    secrets = { for variable, secret in each.value.secrets : variable => module.secrets[secret].name }
  }

  # People and identities alike.
  iam = {
    for role in setunion(keys(module.team_access.iam.functions), keys(local.callers_of_functions[each.key])) :
    role => concat(lookup(module.team_access.iam.functions, role, []), lookup(local.callers_of_functions[each.key], role, []))
  }

  # A trigger can be created only once Cloud Storage may publish.
  depends_on = [module.storage_events]
}
