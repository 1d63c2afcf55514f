-- The temporary tables that a recompute works in: see metrics/workspace.py.

-- What is to be done: the marks taken; the conversions they name, and with them their refunds and originals; the
-- blocks of persons that are locked for it.
CREATE TEMP TABLE claimed_mark (LIKE metrics_stalemark) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE seed_conversion (conversion_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE stale_conversion (
    conversion_id bigint,
    root_id bigint,
    person_id bigint,
    is_stored boolean,
    stored_person_id bigint
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE locked_block (block integer) ON COMMIT DELETE ROWS;

-- What it is computed from: what is worth something, and what touched its buyers.
CREATE TEMP TABLE original (
    conversion_id bigint,
    person_id bigint,
    kind_id varchar,
    occurred_at timestamptz,
    after timestamptz,
    day date,
    utm_campaign_id bigint,
    amount numeric,
    rate numeric,
    value_minor bigint,
    is_staff boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE refund (
    conversion_id bigint,
    original_id bigint,
    person_id bigint,
    kind_id varchar,
    day date,
    original_minor bigint,
    upto_minor bigint,
    before_minor bigint,
    is_all boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE stale_contact (
    contact_id bigint, person_id bigint, after timestamptz, upto timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE stale_member (
    member_id bigint, person_id bigint, after timestamptz, upto timestamptz
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE person_touch (
    person_id bigint,
    interaction_id bigint,
    occurred_at timestamptz,
    month integer,
    actor_member_id bigint,
    actor_kind varchar,
    is_own_click boolean,
    campaign_id bigint,
    coded_campaign_id bigint,
    channel_id bigint,
    is_help boolean
) ON COMMIT DELETE ROWS;

-- What comes out, and where it differs from what is stored: the rows as they were and as they are.
CREATE TEMP TABLE fresh_credit (LIKE metrics_credit) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE fresh_result (LIKE metrics_conversionresult) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE credit_gone (LIKE metrics_credit) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE credit_came (LIKE metrics_credit) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE result_gone (LIKE metrics_conversionresult) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE result_came (LIKE metrics_conversionresult) ON COMMIT DELETE ROWS;

-- What that adds to the daily sums.
CREATE TEMP TABLE delta_personday (LIKE metrics_personday) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE delta_campaignday (LIKE metrics_campaignday) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE delta_channelday (LIKE metrics_channelday) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE delta_helperday (LIKE metrics_helperday) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE delta_totalday (LIKE metrics_totalday) ON COMMIT DELETE ROWS;
