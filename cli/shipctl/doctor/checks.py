"""All checks in the order in which they run. Later checks rely on the results of earlier ones.

A new check is a function that yields findings, in the module of its subject, and an entry here.
"""

from shipctl.doctor.address import check_address
from shipctl.doctor.alarms import check_alarms
from shipctl.doctor.delivery import check_backlog, check_delivery, check_sending
from shipctl.doctor.findings import Check
from shipctl.doctor.flow import check_filtering, check_flow
from shipctl.doctor.functions import check_errors, check_settings, check_start
from shipctl.doctor.key import check_key
from shipctl.doctor.queues import check_queues, check_trigger
from shipctl.doctor.stack import check_stack, check_version
from shipctl.doctor.subscriptions import (
    check_account_policy,
    check_loops,
    check_permission,
    check_subscriptions,
)

CHECKS = (
    Check("stack", "cloudformation: DescribeStacks, ListStackResources", check_stack),
    Check("version", "the stack's output Version", check_version),
    Check(
        "settings",
        "cloudformation: GetTemplate; lambda: GetFunctionConfiguration, GetFunctionConcurrency",
        check_settings,
    ),
    Check("start", "lambda: InvokeFunction, with CloudWatch's own check message", check_start),
    Check("errors", "logs: FilterLogEvents; cloudwatch: GetMetricData", check_errors),
    Check("key", "secretsmanager or ssm: the API key, which is never shown", check_key),
    Check("address", "the network: name resolution and TLS, from this machine", check_address),
    Check("delivery", "logs: FilterLogEvents, the last 15 minutes", check_delivery),
    Check("trigger", "lambda: ListEventSourceMappings, GetFunctionConcurrency", check_trigger),
    Check("backlog", "sqs: GetQueueAttributes; cloudwatch: GetMetricData", check_backlog),
    Check("queues", "sqs: GetQueueAttributes; kms: DescribeKey", check_queues),
    Check("permission", "lambda: GetPolicy", check_permission),
    Check("subscriptions", "logs: DescribeLogGroups, DescribeSubscriptionFilters", check_subscriptions),
    Check("loops", "logs: DescribeSubscriptionFilters of the functions' own log groups", check_loops),
    Check("policy", "logs: DescribeAccountPolicies; lambda: GetFunctionConfiguration", check_account_policy),
    Check("flow", "cloudwatch: GetMetricData; logs: FilterLogEvents", check_flow),
    Check("filtering", "logs: FilterLogEvents; lambda: GetFunctionConfiguration", check_filtering),
    Check("alarms", "cloudwatch: DescribeAlarms; sns: ListSubscriptionsByTopic", check_alarms),
    Check("sending", "lambda: InvokeFunction, with one log for LogInformant", check_sending, sends=True),
)
