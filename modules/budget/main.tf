locals {
  # In billionths, so that rounding happens once.
  billionths = floor(var.amount * 1000000000 + 0.5)
}

# It counts what is spent before credits: after them, a team that pays with credits
# spends nothing until the day on which they are used up.
resource "google_billing_budget" "budget" {
  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects               = ["projects/${var.project_number}"]
    calendar_period        = "MONTH"
    credit_types_treatment = "EXCLUDE_ALL_CREDITS"
  }

  amount {
    specified_amount {
      currency_code = var.currency
      units         = local.billionths >= 1000000000 ? tostring(floor(local.billionths / 1000000000)) : null
      nanos         = local.billionths % 1000000000
    }
  }

  dynamic "threshold_rules" {
    for_each = var.thresholds

    content {
      threshold_percent = threshold_rules.value
      spend_basis       = "CURRENT_SPEND"
    }
  }

  # Google gives its own account the right to publish to the topic. Owners of the
  # project can be told only by a budget with such a rule.
  dynamic "all_updates_rule" {
    for_each = var.topic != null || length(var.notify) > 0 ? { rule = var.topic } : {}

    content {
      pubsub_topic                     = all_updates_rule.value
      enable_project_level_recipients  = all_updates_rule.value != null
      monitoring_notification_channels = [for address in sort(var.notify) : google_monitoring_notification_channel.mail[address].id]
    }
  }
}

# A budget takes channels of its own project only.
resource "google_monitoring_notification_channel" "mail" {
  for_each = var.notify

  project      = var.project_id
  type         = "email"
  display_name = each.key
  labels       = { email_address = each.key }
  user_labels  = var.labels
}
