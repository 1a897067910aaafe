locals {
  personas = jsondecode(file("${path.module}/personas.json"))

  # The IAM members of each persona.
  principals = {
    for persona in keys(local.personas) : persona => [
      for email, member in var.members : "${member.type}:${email}" if member.role == persona
    ]
  }

  # Members by role, for each kind of resource and each identity.
  granted = {
    for place in ["buckets", "functions", "jobs", "repositories", "secrets", "services", "workstations"] : place => {
      for grant in flatten([
        for persona, principals in local.principals : [
          for pair in setproduct(local.personas[persona][place], principals) : { role = pair[0], member = pair[1] }
        ]
      ]) : grant.role => grant.member...
    }
  }

  on_identities = {
    for identity, users in var.identities : identity => {
      for grant in flatten([
        for persona in users : [
          for pair in setproduct(local.personas[persona].identities, local.principals[persona]) : { role = pair[0], member = pair[1] }
        ]
      ]) : grant.role => grant.member...
    }
  }
}

# The project is shared: only the personas' custom roles belong to this module alone.
resource "google_project_iam_binding" "personas" {
  for_each = { for persona, principals in local.principals : persona => principals if length(principals) > 0 }

  project = var.project_id
  role    = var.roles[each.key]
  members = each.value
}
